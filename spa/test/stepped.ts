import { type Answer, createConversation } from "../src/conversation";
import { createOutbox } from "../src/outbox";
import { createChat } from "../src/wire/chat";
import type { AgentEvent } from "../src/wire/events";
import type { Listener, Outcome, Turn } from "../src/wire/outcome";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

/** An agent whose every step the test takes itself. */
export function agent() {
  const turns: Turn[] = [];
  let to: Listener | undefined;
  let end: (outcome: Outcome) => void = () => undefined;
  const { fetcher } = fakeAgent();
  const chat = createChat("https://api.example", TOKENS, fetcher, fakeNetwork().network);
  chat.run = (turn, listener, signal) => {
    turns.push(turn);
    to = listener;
    return new Promise((resolve) => {
      end = resolve;
      signal.addEventListener("abort", () => resolve({ kind: "stopped" }));
    });
  };
  const conversation = createConversation("thread", chat, createOutbox());
  const answer = () => conversation.messages.value.at(-1) as Answer;
  return {
    conversation,
    chat,
    turns,
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
