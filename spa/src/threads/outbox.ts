import type { Answer } from "../run/answer";
import type { RunInput } from "../run/outcome";

/**
 * Messages that the agent may not have yet, so that a reload, or signing in again, loses none. A tab
 * keeps its own: sessionStorage. Under its run id a message can be sent any number of times, and is
 * asked and stored once.
 */
export interface Outbox {
  put(runInput: RunInput): void;
  /** The agent has it, or the person has it back. */
  drop(runId: string): void;
  of(threadId: string): readonly RunInput[];
  /** The conversations with such messages. */
  threads(): readonly string[];
  /** The conversation is deleted. */
  forget(threadId: string): void;
}

const STORED = "sluice.outbox";

export function createOutbox(storage: Storage = sessionStorage): Outbox {
  /** What the tab had no room for: it lives as long as the page. */
  let held: readonly RunInput[] | undefined;

  const read = () => held ?? (JSON.parse(storage.getItem(STORED) ?? "[]") as RunInput[]);

  function write(runInputs: readonly RunInput[]): void {
    try {
      if (runInputs.length > 0) storage.setItem(STORED, JSON.stringify(runInputs));
      else storage.removeItem(STORED);
      held = undefined;
    } catch {
      held = runInputs;
    }
  }

  return {
    put: (runInput) => write([...read().filter(({ runId }) => runId !== runInput.runId), runInput]),
    drop(runId) {
      const before = read();
      const after = before.filter((runInput) => runInput.runId !== runId);
      // It is asked with every answer, and mostly there is nothing to do.
      if (after.length < before.length) write(after);
    },
    of: (threadId) => read().filter((runInput) => runInput.threadId === threadId),
    threads: () => [...new Set(read().map(({ threadId }) => threadId))],
    forget: (threadId) => write(read().filter((runInput) => runInput.threadId !== threadId)),
  };
}

/** What is sent for an answer. */
export function runInputOf(threadId: string, { question, runId, replaces }: Answer): RunInput {
  const { id: messageId, text, files, replies } = question;
  return {
    threadId,
    runId,
    messageId,
    text,
    ...(files.length > 0 ? { files } : {}),
    ...(replaces === undefined ? {} : { replaces }),
    ...(replies ? { resume: replies } : {}),
  };
}
