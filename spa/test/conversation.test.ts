import { beforeEach, expect, test } from "vitest";
import type { AgentEvent } from "../src/api/events";
import { isThinking } from "../src/run/run-view";
import { createOpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { agent, shown } from "./stepped";
import { fullStorage, text } from "./support";

const call: AgentEvent[] = [
  { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "calculator" },
  { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: '{"x":' },
  { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: "1}" },
  { type: "TOOL_CALL_END", toolCallId: "c" },
];
const result: AgentEvent = {
  type: "TOOL_CALL_RESULT",
  messageId: "r",
  toolCallId: "c",
  content: "100",
};

test("an answer is its texts and tool calls in the order in which they came", async () => {
  const { openThread, answer, emit, finish } = agent();
  const sent = openThread.send("question");
  expect(isThinking(answer().run.value)).toBe(true);
  emit(text("Let me see. "), ...call);
  expect(shown(answer())).toEqual(["Let me see. ", 'calculator({"x":1}) running']);
  expect(isThinking(answer().run.value)).toBe(false);
  emit(result);
  expect(isThinking(answer().run.value)).toBe(true);
  emit(text("It is "), text("100."));
  finish();
  await sent;
  expect(shown(answer())).toEqual(["Let me see. ", 'calculator({"x":1}) done 100', "It is 100."]);
  expect(answer().state.value).toBe("finished");
  expect(openThread.running.value).toBe(false);
});

test("a text or a call that was never opened is shown all the same", () => {
  const { openThread, answer, emit } = agent();
  void openThread.send("question");
  emit({ type: "TOOL_CALL_ARGS", toolCallId: "x", delta: "{}" }, text("word"), {
    type: "TEXT_MESSAGE_END",
    messageId: "m",
  });
  expect(shown(answer())).toEqual(["tool({}) running", "word"]);
});

test("a tool's parts are shown by their text, and its failure as a failure", () => {
  const { openThread, answer, emit } = agent();
  void openThread.send("question");
  emit(...call, {
    ...result,
    content: [
      { type: "text", text: "no" },
      { type: "image", source: { type: "url", value: "https://x" } },
    ],
    metadata: { status: "error" },
  } as AgentEvent);
  expect(shown(answer())).toEqual(['calculator({"x":1}) failed no\n[image]']);
});

test("what the agent wants read, such as an answer that was not saved, stands with the answer", () => {
  const { openThread, answer, emit } = agent();
  void openThread.send("question");
  emit(
    { type: "CUSTOM", name: "brand_new", value: { message: "The agent's own sentence." } },
    { type: "CUSTOM", name: "storage_unavailable", value: { message: "Not saved." } },
    { type: "CUSTOM", name: "storage_unavailable", value: { message: "Not saved, again." } },
    { type: "CUSTOM", name: "other", value: null },
  );
  expect(answer().notices.value).toEqual([
    { sentence: "The agent's own sentence." },
    { key: "notice.storage_unavailable" },
  ]);
});

test("F5: an interrupted answer keeps what arrived, and its open call is not left running", async () => {
  const { openThread, answer, emit, breakOff } = agent();
  const sent = openThread.send("question");
  emit(text("Half an ans"), ...call);
  breakOff({ kind: "interrupted", problem: undefined, retryMode: "regenerate" });
  await sent;
  expect(answer().state.value).toBe("interrupted");
  expect(shown(answer())).toEqual(["Half an ans", 'calculator({"x":1}) failed']);
});

test("a failed answer carries its problem", async () => {
  const { openThread, answer, breakOff } = agent();
  const sent = openThread.send("question");
  const problem = { title: "No.", advice: "Wait.", remedy: "retry" } as const;
  breakOff({ kind: "failed", problem, retryMode: "regenerate" });
  await sent;
  expect(answer().state.value).toBe("failed");
  expect(answer().problem.value).toBe(problem);
});

test("Retry asks the same question as a new run, in place of the answer that failed", async () => {
  const { openThread, runInputs, answer, emit, finish, breakOff } = agent();
  const sent = openThread.send("question");
  emit(text("half"));
  breakOff({ kind: "interrupted", problem: undefined, retryMode: "regenerate" });
  await sent;
  const retried = openThread.retry();
  emit(text("whole"));
  finish();
  await retried;
  expect(openThread.messages.value.map((message) => message.role)).toEqual(["user", "assistant"]);
  expect(shown(answer())).toEqual(["whole"]);
  expect(runInputs[1]).toEqual({
    ...runInputs[0],
    runId: runInputs[1]?.runId,
    replaces: runInputs[0]?.runId,
  });
  expect(runInputs[1]?.runId).not.toBe(runInputs[0]?.runId);
});

test("a thread has one run at a time", async () => {
  const { openThread, runInputs } = agent();
  void openThread.send("one");
  await openThread.send("two");
  await openThread.retry();
  expect(runInputs).toHaveLength(1);
  expect(openThread.messages.value).toHaveLength(2);
});

beforeEach(() => sessionStorage.clear());

test("reasoning is a part of its own, which ends with what follows it", () => {
  const { openThread, answer, emit } = agent();
  void openThread.send("question");
  emit(
    { type: "REASONING_START", messageId: "r" },
    { type: "REASONING_MESSAGE_START", messageId: "r", role: "reasoning" },
    { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta: "Let me " },
    { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta: "think." },
    text("Well."),
  );
  const [reasoning, said] = answer().parts.value;
  expect(reasoning).toMatchObject({ kind: "reasoning" });
  expect(reasoning?.kind === "reasoning" && reasoning.isClosed).toBe(true);
  expect(reasoning?.kind === "reasoning" && reasoning.endedAt).toBeTypeOf("number");
  expect(said?.kind).toBe("text");
  expect(shown(answer())).toEqual(["Let me think.", "Well."]);
});

/** Calls under one id, each with its own arguments: in one message, or each in its own. */
function numberedCalls(...parents: (string | undefined)[]): AgentEvent[][] {
  return parents.map((parentMessageId, i): AgentEvent[] => [
    {
      type: "TOOL_CALL_START",
      toolCallId: "c",
      toolCallName: "calculator",
      ...(parentMessageId === undefined ? {} : { parentMessageId }),
    },
    { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: `{"x":${i + 1}}` },
    { type: "TOOL_CALL_END", toolCallId: "c" },
  ]);
}
const answered = (content: string) => ({ ...result, content }) as AgentEvent;

test.each([
  ["one after the other", ["m1", "m2"]],
  ["one after the other, without a parent", [undefined, undefined]],
])("an id that repeats is another call: %s", (_, parents) => {
  const { openThread, answer, emit } = agent();
  void openThread.send("question");
  const [one = [], two = []] = numberedCalls(...parents);
  emit(...one, answered("100"), ...two, answered("200"));
  expect(shown(answer())).toEqual(['calculator({"x":1}) done 100', 'calculator({"x":2}) done 200']);
});

test.each([
  ["with a parent", ["m1", "m1", "m1"]],
  ["without one", [undefined, undefined, undefined]],
])(
  "calls of one message under one id have their results in the order of the calls, %s",
  (_, parents) => {
    const { openThread, answer, emit } = agent();
    void openThread.send("question");
    emit(...numberedCalls(...parents).flat(), answered("100"), answered("200"), answered("300"));
    expect(shown(answer())).toEqual([
      'calculator({"x":1}) done 100',
      'calculator({"x":2}) done 200',
      'calculator({"x":3}) done 300',
    ]);
  },
);

test("a result belongs to the newest message that made such a call", () => {
  const { openThread, answer, emit } = agent();
  void openThread.send("question");
  emit(...numberedCalls("m1", "m2").flat(), answered("200"));
  expect(shown(answer())).toEqual(['calculator({"x":1}) running', 'calculator({"x":2}) done 200']);
});

test("what a run took is known when it has finished", async () => {
  const { openThread, answer, finish } = agent();
  const sent = openThread.send("question");
  expect(answer().startedAt.value).toBeTypeOf("number");
  const usage = [{ provider: "p", model: "m", inputTokens: 2, outputTokens: 3, totalTokens: 5 }];
  finish({ usage } as Partial<AgentEvent>);
  await sent;
  expect(answer().usage.value).toEqual({
    model: "m",
    inputTokens: 2,
    outputTokens: 3,
    totalTokens: 5,
  });
  expect(answer().endedAt.value).toBeGreaterThanOrEqual(answer().startedAt.value ?? Infinity);
});

test("Edit asks something else in the question's place, and what came after it is gone", async () => {
  const { openThread, runInputs, finish } = agent();
  for (const question of ["one", "two"]) {
    const sent = openThread.send(question);
    finish();
    await sent;
  }
  const [first] = openThread.messages.value;
  if (first?.role !== "user") throw new Error("no question");
  void openThread.edit(first, "uno");
  expect(openThread.messages.value).toHaveLength(2);
  expect(runInputs[2]).toMatchObject({ text: "uno", replaces: runInputs[0]?.runId });
  expect(runInputs[2]?.messageId).not.toBe(runInputs[0]?.messageId);
});

test("an edit that was refused before it began is asked again with what it was to replace", async () => {
  const { openThread, runInputs, finish, breakOff } = agent();
  const sent = openThread.send("one");
  finish();
  await sent;
  const [first] = openThread.messages.value;
  if (first?.role !== "user") throw new Error("no question");
  const edited = openThread.edit(first, "uno");
  breakOff({ kind: "failed", problem: undefined, retryMode: "resend" });
  await edited;
  void openThread.retry();
  expect(runInputs[2]).toEqual(runInputs[1]);
  expect(runInputs[2]?.replaces).toBe(runInputs[0]?.runId);
});

test("a rating is shown at once, and taken back when it could not be kept", async () => {
  const { chat, openThread, answer, finish } = agent();
  const sent = openThread.send("one");
  finish();
  await sent;
  const rated: unknown[] = [];
  chat.rate = async (...given) => void rated.push(given);
  await openThread.rate(answer(), "up");
  expect(rated).toEqual([["thread", answer().runId, "up"]]);
  chat.rate = async () => Promise.reject(new TypeError("network"));
  const failing = openThread.rate(answer(), null);
  expect(answer().rating.value).toBeNull();
  await failing;
  expect(answer().rating.value).toBe("up");
  expect(openThread.problem.value?.title).toContain("could not be reached");
});

test("a full tab does not keep a message from leaving", async () => {
  const { chat, runInputs } = agent();
  void createOpenThread("thread", chat, createOutbox(fullStorage())).send("hello");
  expect(runInputs).toHaveLength(1);
});

// ---- what a person is asked ----------------------------------------------------------------------

const asking = (...ids: string[]): Partial<AgentEvent> => ({
  type: "RUN_FINISHED",
  outcome: {
    type: "interrupt",
    interrupts: ids.map((id) => ({ id, reason: "approval", toolCallId: "c" })),
  },
});

/** A conversation whose answer asks whether its tool may be called. */
async function asked() {
  const steps = agent();
  const sent = steps.openThread.send("question");
  steps.emit(...call);
  steps.finish(asking("i"));
  await sent;
  return steps;
}

const allow = { interruptId: "i", status: "resolved", payload: { approved: true } } as const;

test("a reply goes on below the answer that asked, without a message of its own", async () => {
  const { openThread, answer, emit, finish, runInputs } = await asked();
  const first = answer();
  expect(first.asks.value.map(({ id }) => id)).toEqual(["i"]);
  expect(shown(first)).toEqual(['calculator({"x":1}) waiting']);
  const replied = openThread.reply(first, [allow], []);
  expect(runInputs.at(-1)).toMatchObject({ text: "", resume: [allow] });
  emit(result, text("Done."));
  finish();
  await replied;
  expect(shown(answer())).toEqual(['calculator({"x":1}) done 100', "Done."]);
  expect(openThread.messages.value.map(({ role }) => role)).toEqual([
    "user",
    "assistant",
    "assistant",
  ]);
});

test("what is allowed for the conversation is not asked about again", async () => {
  const { openThread, answer, emit, finish, runInputs } = await asked();
  const replied = openThread.reply(answer(), [allow], ["calculator"]);
  emit(result, ...call);
  finish(asking("j"));
  await expect.poll(() => runInputs.at(-1)?.resume).toEqual([{ ...allow, interruptId: "j" }]);
  emit(result);
  finish();
  await replied;
  expect(answer().asks.value).toEqual([]);
});

test("an answer that was allowed something is asked for anew from its question", async () => {
  const { openThread, answer, emit, finish, runInputs } = await asked();
  const first = answer();
  const replied = openThread.reply(first, [allow], []);
  emit(result);
  finish({
    type: "RUN_ERROR",
    code: "model_unavailable",
    message: "Gone.",
    metadata: { retry: "replace" },
  } as Partial<AgentEvent>);
  await replied;
  void openThread.retry();
  expect(runInputs.at(-1)).toMatchObject({ text: "question", replaces: first.runId });
  expect(runInputs.at(-1)?.resume).toBeUndefined();
});
