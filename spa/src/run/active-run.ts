import type { AgentEvent } from "../api/events";
import { type Answer, apply } from "./answer";
import type { Listener } from "./outcome";

/** The run that a conversation is receiving. */
export interface ActiveRun {
  readonly answer: Answer;
  readonly abort: AbortController;
  /** The agent has taken the message. */
  begun: boolean;
}

/** @param isSent whether a message leaves for it; otherwise the agent has the run already */
export function createActiveRun(answer: Answer, isSent: boolean): ActiveRun {
  return { answer, abort: new AbortController(), begun: !isSent };
}

/**
 * Puts what arrives into the answer.
 *
 * @param onBegun the agent has taken the message
 * @param onKept the agent keeps it: a run may be refused after its start, and is not kept then
 */
export function listenerTo(here: ActiveRun, onBegun: () => void, onKept: () => void): Listener {
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
