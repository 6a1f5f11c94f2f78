import { beforeEach, expect, test } from "vitest";
import { type Answer, createConversation } from "../src/conversation";
import { createOutbox } from "../src/outbox";
import { createChat } from "../src/wire/chat";
import type { AgentEvent } from "../src/wire/events";
import type { Listener, Outcome, Turn } from "../src/wire/outcome";
import type { StoredConversation } from "../src/wire/stored";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

/** An agent whose every step the test takes itself. */
function agent() {
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

function shown(answer: Answer): string[] {
  return answer.parts.value.map((part) =>
    part.kind !== "tool"
      ? part.stream.text
      : `${part.name}(${part.args.value}) ${part.state.value} ${part.result.value}`.trim(),
  );
}

beforeEach(() => sessionStorage.clear());

const STORED: StoredConversation = {
  threadId: "thread",
  title: "t",
  createdAt: "2026-11-22T19:00:00.000Z",
  updatedAt: "2026-11-22T19:00:00.000Z",
  runs: [
    {
      runId: "1",
      state: "finished",
      startedAt: "2026-11-22T19:00:00.000Z",
      endedAt: "2026-11-22T19:00:02.500Z",
      messages: [
        { id: "q", role: "user", content: "first" },
        { id: "th", role: "reasoning", content: "Hm." },
        {
          id: "a",
          role: "assistant",
          content: "Let me see.",
          toolCalls: [
            { id: "c", function: { name: "calculator", arguments: '{"x":1}' } },
            { id: "d", function: { name: "calculator", arguments: "{}" } },
          ],
        },
        { id: "t1", role: "tool", toolCallId: "c", content: "100" },
        { id: "t2", role: "tool", toolCallId: "d", content: "no", error: "no" },
        { id: "b", role: "assistant", content: "100." },
      ],
      usage: { model: "m", inputTokens: 1, outputTokens: 2 },
      rating: "down",
    },
    {
      runId: "2",
      state: "failed",
      startedAt: "2026-11-22T19:01:00.000Z",
      endedAt: "2026-11-22T19:01:01.000Z",
      messages: [{ id: "q2", role: "user", content: "second" }],
      error: { code: "model_throttled", message: "Busy." },
    },
  ],
};

test("the server's history is shown as it was when it happened", async () => {
  const { chat, conversation } = agent();
  chat.get = async () => STORED;
  await conversation.load();
  const [question, first, , second] = conversation.messages.value as [
    unknown,
    Answer,
    unknown,
    Answer,
  ];
  expect(question).toEqual({ role: "user", id: "q", text: "first" });
  expect(shown(first)).toEqual([
    "Hm.",
    "Let me see.",
    'calculator({"x":1}) done 100',
    "calculator({}) failed no",
    "100.",
  ]);
  expect(first.state.value).toBe("finished");
  expect((first.endedAt.value ?? 0) - (first.startedAt.value ?? 0)).toBe(2500);
  expect(first.usage.value?.totalTokens).toBe(3);
  expect(first.rating.value).toBe("down");
  expect(second.state.value).toBe("failed");
  expect(second.problem.value?.title).toContain("too many requests");
});

test("read again, what has not changed stays the same object, so that it is not drawn again", async () => {
  const { chat, conversation } = agent();
  chat.get = async () => STORED;
  await conversation.load();
  const before = conversation.messages.value;
  await conversation.load();
  expect(conversation.messages.value).toEqual(before);
  expect(conversation.messages.value[1]).toBe(before[1]);
});

test("a history that was read while a message left is read again", async () => {
  const { chat, conversation, end } = agent();
  let reads = 0;
  chat.get = async () => {
    reads += 1;
    if (reads > 1) return STORED;
    void conversation.send("meanwhile");
    return { ...STORED, runs: [] };
  };
  await conversation.load();
  expect(reads).toBe(2);
  expect(conversation.messages.value.map((each) => ("text" in each ? each.text : ""))).toEqual([
    "first",
    "",
    "second",
    "",
    "meanwhile",
    "",
  ]);
  end({ kind: "finished" });
});

test("a history that cannot be read is told, and read when it is asked for again", async () => {
  const { chat, conversation } = agent();
  await conversation.load();
  expect(conversation.problem.value?.title).toBe("This conversation is not there any more.");
  chat.get = async () => STORED;
  await conversation.load();
  expect(conversation.problem.value).toBeUndefined();
  expect(conversation.messages.value).toHaveLength(4);
});
