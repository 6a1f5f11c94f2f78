import type { Answer } from "./answer";
import type { Turn } from "./wire/outcome";

/**
 * Messages that the agent may not have yet, so that a reload, or signing in again, loses none. A tab
 * keeps its own: sessionStorage. Under its run id a message can be sent any number of times, and is
 * asked and stored once.
 */
export interface Outbox {
  put(turn: Turn): void;
  /** The agent has it, or the person has it back. */
  drop(runId: string): void;
  of(threadId: string): readonly Turn[];
  /** The conversations with such messages. */
  threads(): readonly string[];
  /** The conversation is deleted. */
  forget(threadId: string): void;
}

const STORED = "sluice.outbox";

export function createOutbox(storage: Storage = sessionStorage): Outbox {
  /** What the tab had no room for: it lives as long as the page. */
  let held: readonly Turn[] | undefined;

  const read = () => held ?? (JSON.parse(storage.getItem(STORED) ?? "[]") as Turn[]);

  function write(turns: readonly Turn[]): void {
    try {
      if (turns.length > 0) storage.setItem(STORED, JSON.stringify(turns));
      else storage.removeItem(STORED);
      held = undefined;
    } catch {
      held = turns;
    }
  }

  return {
    put: (turn) => write([...read().filter(({ runId }) => runId !== turn.runId), turn]),
    drop(runId) {
      const before = read();
      const after = before.filter((turn) => turn.runId !== runId);
      // It is asked with every answer, and mostly there is nothing to do.
      if (after.length < before.length) write(after);
    },
    of: (threadId) => read().filter((turn) => turn.threadId === threadId),
    threads: () => [...new Set(read().map(({ threadId }) => threadId))],
    forget: (threadId) => write(read().filter((turn) => turn.threadId !== threadId)),
  };
}

/** What is sent for an answer. */
export function turnOf(threadId: string, { question, runId, replaces }: Answer): Turn {
  const turn = { threadId, runId, messageId: question.id, text: question.text };
  return replaces === undefined ? turn : { ...turn, replaces };
}
