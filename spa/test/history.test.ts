import { beforeEach, expect, test } from "vitest";
import type { StoredThread } from "../src/api/stored";
import type { Answer } from "../src/threads/open-thread";
import { repeatedIds } from "./kept";
import { agent, shown } from "./stepped";

beforeEach(() => sessionStorage.clear());

const STORED: StoredThread = {
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
  const { chat, openThread } = agent();
  chat.get = async () => STORED;
  await openThread.load();
  const [question, first, , second] = openThread.messages.value as [
    unknown,
    Answer,
    unknown,
    Answer,
  ];
  expect(question).toEqual({ role: "user", id: "q", text: "first", files: [] });
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

test("calls under one id stand each with its own result", async () => {
  const { chat, openThread } = agent();
  chat.get = async () => ({ ...STORED, runs: [repeatedIds()] });
  await openThread.load();
  expect(shown(openThread.messages.value[1] as Answer)).toEqual([
    "calculator(1) done one",
    "calculator(2) failed two",
    "calculator(3) done three",
    "calculator(4) failed",
    "calculator(5) done five",
  ]);
});

test("read again, what has not changed stays the same object, so that it is not drawn again", async () => {
  const { chat, openThread } = agent();
  chat.get = async () => STORED;
  await openThread.load();
  const before = openThread.messages.value;
  await openThread.load();
  expect(openThread.messages.value).toEqual(before);
  expect(openThread.messages.value[1]).toBe(before[1]);
});

test("a history that was read while a message left is read again", async () => {
  const { chat, openThread, finish } = agent();
  let reads = 0;
  chat.get = async () => {
    reads += 1;
    if (reads > 1) return STORED;
    void openThread.send("meanwhile");
    return { ...STORED, runs: [] };
  };
  await openThread.load();
  expect(reads).toBe(2);
  expect(openThread.messages.value.map((each) => ("text" in each ? each.text : ""))).toEqual([
    "first",
    "",
    "second",
    "",
    "meanwhile",
    "",
  ]);
  finish();
});

test("a history that cannot be read is told, and read when it is asked for again", async () => {
  const { chat, openThread } = agent();
  await openThread.load();
  expect(openThread.problem.value?.title).toBe("This conversation no longer exists.");
  chat.get = async () => STORED;
  await openThread.load();
  expect(openThread.problem.value).toBeUndefined();
  expect(openThread.messages.value).toHaveLength(4);
});
