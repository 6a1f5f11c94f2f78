import { createChat } from "../src/api/chat";
import type { AgentEvent } from "../src/api/events";
import type { Listener, Outcome, RunInput } from "../src/run/outcome";
import { type Answer, createOpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

/** An agent whose every step the test takes itself. */
export function agent() {
  const runInputs: RunInput[] = [];
  let to: Listener | undefined;
  let end: (outcome: Outcome) => void = () => undefined;
  const { fetcher } = fakeAgent();
  const chat = createChat("https://api.example", TOKENS, fetcher, fakeNetwork().network);
  chat.run = (runInput, listener, signal) => {
    runInputs.push(runInput);
    to = listener;
    return new Promise((resolve) => {
      end = resolve;
      signal.addEventListener("abort", () => resolve({ kind: "stopped" }));
    });
  };
  const openThread = createOpenThread("thread", chat, createOutbox());
  const answer = () => openThread.messages.value.at(-1) as Answer;
  return {
    openThread,
    chat,
    runInputs,
    answer,
    emit(...events: AgentEvent[]) {
      for (const event of events) to?.event(event);
    },
    end: (outcome: Outcome) => end(outcome),
  };
}

/** The parts of an answer, as a person reads them. */
export function shown(answer: Answer): string[] {
  return answer.parts.value.map((part) =>
    part.kind !== "tool"
      ? part.stream.text
      : `${part.name}(${part.args.value}) ${part.state.value} ${part.result.value}`.trim(),
  );
}
