import { expect } from "vitest";
import { createChat } from "../src/api/chat";
import type { AgentEvent } from "../src/api/events";
import { type Answer, createOpenThread, type OpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

export const THREAD = crypto.randomUUID();

/** A conversation with a fake agent behind a fake network. */
export function open(tokens = TOKENS) {
  const agent = fakeAgent();
  const net = fakeNetwork();
  const chat = createChat("https://api.example", tokens, agent.fetcher, net.network);
  const openThread = createOpenThread(THREAD, chat, createOutbox());
  const answer = () => openThread.messages.value.at(-1) as Answer;
  return { agent, net, chat, openThread, answer };
}

/** The same conversation as a reload of the tab finds it, or another tab, by its storage. */
export function reopened(agent: Agent, storage = sessionStorage) {
  const chat = createChat("https://api.example", TOKENS, agent.fetcher, fakeNetwork().network);
  const openThread = createOpenThread(THREAD, chat, createOutbox(storage));
  return { openThread, answer: () => openThread.messages.value.at(-1) as Answer };
}

/** The words of questions and answers, in turn. */
export function texts({ messages }: OpenThread): string[] {
  return messages.value.map((each) => (each.role === "user" ? each.text : shown(each)));
}

/** The words of an answer. */
export function shown(answer: Answer): string {
  return answer.parts.value.map((part) => (part.kind === "tool" ? "" : part.text)).join("");
}

export type Agent = ReturnType<typeof fakeAgent>;
export const begun = (agent: Agent) => expect.poll(() => agent.runs.length).toBe(1);

export const words = (...deltas: string[]) =>
  deltas.map((delta): AgentEvent => ({ type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta }));
