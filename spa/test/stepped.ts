import { createChat } from "../src/api/chat";
import type { AgentEvent } from "../src/api/events";
import type { Broken, Listener, Outcome, RunInput } from "../src/run/outcome";
import { type Answer, createOpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

const STOPPED: Broken = { kind: "stopped", problem: undefined, retryMode: "resend" };

/** An agent whose every step the test takes itself. */
export function agent() {
  const runInputs: RunInput[] = [];
  let to: Listener | undefined;
  let end: (outcome: Outcome) => void = () => undefined;
  const emit = (...events: AgentEvent[]) => {
    for (const event of events) to?.event(event);
  };
  const { fetcher } = fakeAgent();
  const chat = createChat("https://api.example", TOKENS, fetcher, fakeNetwork().network);
  chat.run = (runInput, listener, signal) => {
    runInputs.push(runInput);
    to = listener;
    return new Promise((resolve) => {
      end = resolve;
      signal.addEventListener("abort", () => resolve(STOPPED));
    });
  };
  const openThread = createOpenThread("thread", chat, createOutbox());
  const answer = () => openThread.messages.value.at(-1) as Answer;
  return {
    openThread,
    chat,
    runInputs,
    answer,
    emit,
    finish(fields: Partial<AgentEvent> = {}) {
      emit({ type: "RUN_FINISHED", threadId: "thread", runId: "r", ...fields } as AgentEvent);
      end({ kind: "ended" });
    },
    breakOff: (broken: Broken) => end(broken),
  };
}

/** The parts of an answer, as a person reads them. */
export function shown(answer: Answer): string[] {
  return answer.parts.value.map((part) =>
    part.kind !== "tool"
      ? part.text
      : `${part.name}(${part.args}) ${part.state} ${part.result}`.trim(),
  );
}
