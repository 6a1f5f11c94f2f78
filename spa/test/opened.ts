import { expect } from "vitest";
import { type Answer, createConversation } from "../src/conversation";
import { createOutbox } from "../src/outbox";
import { createChat } from "../src/wire/chat";
import type { AgentEvent } from "../src/wire/events";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

export const THREAD = crypto.randomUUID();

/** A conversation with a fake agent behind a fake network. */
export function open(tokens = TOKENS) {
  const agent = fakeAgent();
  const net = fakeNetwork();
  const chat = createChat("https://api.example", tokens, agent.fetcher, net.network);
  const conversation = createConversation(THREAD, chat, createOutbox());
  const answer = () => conversation.messages.value.at(-1) as Answer;
  return { agent, net, chat, conversation, answer };
}

/** The words of an answer. */
export function shown(answer: Answer): string {
  return answer.parts.value.map((part) => (part.kind === "tool" ? "" : part.stream.text)).join("");
}

export type Agent = ReturnType<typeof fakeAgent>;
export const begun = (agent: Agent) => expect.poll(() => agent.runs.length).toBe(1);

export const words = (...deltas: string[]) =>
  deltas.map((delta): AgentEvent => ({ type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta }));
