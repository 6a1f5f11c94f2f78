import type { Answer } from "./answer";
import type { Listener } from "./outcome";
import { reduce } from "./reducer";

/** The run that a conversation is receiving. */
export interface ActiveRun {
  readonly answer: Answer;
  readonly abort: AbortController;
}

/**
 * Puts what arrives into the answer.
 *
 * @param onTaken the agent has taken the message
 * @param onKept the agent keeps it: a run may be refused after its start, and is not kept then
 */
export function listenerTo(
  { answer, abort }: ActiveRun,
  onTaken: () => void,
  onKept: () => void,
): Listener {
  let isKept = false;
  return {
    event(event) {
      if (abort.signal.aborted) return;
      const before = answer.run.peek();
      const after = reduce(before, event, Date.now());
      answer.run.value = after;
      if (after.isTaken && !before.isTaken) onTaken();
      if (!isKept && event.type !== "RUN_ERROR" && event.type !== "RUN_STARTED") {
        isKept = true;
        onKept();
      }
    },
    connection(connection) {
      answer.connection.value = connection;
    },
  };
}
