import { type Answer, apply } from "./answer";
import type { AgentEvent } from "./wire/events";
import type { Listener } from "./wire/outcome";

/** The run that a conversation is receiving. */
export interface Current {
  readonly answer: Answer;
  readonly abort: AbortController;
  /** The agent has taken the message. */
  begun: boolean;
}

/** @param isSent whether a message leaves for it; otherwise the agent has the run already */
export function createCurrent(answer: Answer, isSent: boolean): Current {
  return { answer, abort: new AbortController(), begun: !isSent };
}

/**
 * Puts what arrives into the answer.
 *
 * @param onBegun the agent has taken the message
 * @param onKept the agent keeps it: a run may be refused after its start, and is not kept then
 */
export function listenerTo(here: Current, onBegun: () => void, onKept: () => void): Listener {
  let isKept = false;
  return {
    event(event: AgentEvent) {
      if (here.abort.signal.aborted) return;
      if (!here.begun && event.type !== "RUN_ERROR") {
        here.begun = true;
        onBegun();
      }
      if (!isKept && event.type !== "RUN_ERROR" && event.type !== "RUN_STARTED") {
        isKept = true;
        onKept();
      }
      apply(here.answer, event);
    },
    connection(connection) {
      here.answer.connection.value = connection;
    },
  };
}
