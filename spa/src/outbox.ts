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
}

const STORED = "sluice.outbox";

export function createOutbox(storage: Storage = sessionStorage): Outbox {
  const read = () => JSON.parse(storage.getItem(STORED) ?? "[]") as Turn[];

  function write(turns: readonly Turn[]): void {
    try {
      if (turns.length > 0) storage.setItem(STORED, JSON.stringify(turns));
      else storage.removeItem(STORED);
    } catch {
      // The tab is full. The message is still on the page, and is still sent.
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
  };
}
