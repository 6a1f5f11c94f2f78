import { beforeEach, expect, test, vi } from "vitest";
import { type Answer, createConversation, type Message } from "../src/conversation";
import { loadTranscript, saveTranscript } from "../src/transcript";
import type { Chat, Outcome, Turn } from "../src/wire/chat";
import type { AgentEvent } from "../src/wire/events";
import { text } from "./support";

/** An agent whose every step the test takes itself. */
function agent() {
  const turns: Turn[] = [];
  let onEvent: (event: AgentEvent) => void = () => undefined;
  let end: (outcome: Outcome) => void = () => undefined;
  const chat: Chat = {
    run(turn, listener, signal) {
      turns.push(turn);
      onEvent = listener;
      return new Promise((resolve) => {
        end = resolve;
        signal.addEventListener("abort", () => resolve({ kind: "stopped" }));
      });
    },
    warm: async () => undefined,
  };
  const conversation = createConversation("thread", chat);
  const answer = () => conversation.messages.value.at(-1) as Answer;
  return {
    conversation,
    turns,
    answer,
    emit(...events: AgentEvent[]) {
      for (const event of events) onEvent(event);
    },
    end: (outcome: Outcome) => end(outcome),
  };
}

function shown(answer: Answer): string[] {
  return answer.parts.value.map((part) =>
    part.kind === "text"
      ? part.stream.text
      : `${part.name}(${part.args.value}) ${part.state.value} ${part.result.value}`.trim(),
  );
}

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
  const { conversation, answer, emit, end } = agent();
  const sent = conversation.send("question");
  expect(answer().thinking.value).toBe(true);
  emit(text("Let me see. "), ...call);
  expect(shown(answer())).toEqual(["Let me see. ", 'calculator({"x":1}) running']);
  expect(answer().thinking.value).toBe(false);
  emit(result);
  expect(answer().thinking.value).toBe(true);
  emit(text("It is "), text("100."));
  end({ kind: "finished" });
  await sent;
  expect(shown(answer())).toEqual(["Let me see. ", 'calculator({"x":1}) done 100', "It is 100."]);
  expect(answer().state.value).toBe("finished");
  expect(conversation.running.value).toBe(false);
});

test("a text or a call that was never opened is shown all the same", () => {
  const { conversation, answer, emit } = agent();
  void conversation.send("question");
  emit({ type: "TOOL_CALL_ARGS", toolCallId: "x", delta: "{}" }, text("word"), {
    type: "TEXT_MESSAGE_END",
    messageId: "m",
  });
  expect(shown(answer())).toEqual(["tool({}) running", "word"]);
});

test("a tool's parts are shown by their text, and its failure as a failure", () => {
  const { conversation, answer, emit } = agent();
  void conversation.send("question");
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
  const { conversation, answer, emit } = agent();
  void conversation.send("question");
  emit(
    { type: "CUSTOM", name: "storage_unavailable", value: { message: "Not saved." } },
    { type: "CUSTOM", name: "other", value: null },
  );
  expect(answer().notices.value).toEqual(["Not saved."]);
});

test("F5: an interrupted answer keeps what arrived, and its open call is not left running", async () => {
  const { conversation, answer, emit, end } = agent();
  const sent = conversation.send("question");
  emit(text("Half an ans"), ...call);
  end({ kind: "interrupted" });
  await sent;
  expect(answer().state.value).toBe("interrupted");
  expect(shown(answer())).toEqual(["Half an ans", 'calculator({"x":1}) failed']);
});

test("a failed answer carries its problem", async () => {
  const { conversation, answer, end } = agent();
  const sent = conversation.send("question");
  const problem = { title: "No.", advice: "Wait.", remedy: "retry" } as const;
  end({ kind: "failed", problem });
  await sent;
  expect(answer().state.value).toBe("failed");
  expect(answer().problem.value).toBe(problem);
});

test("Stop keeps what arrived, and nothing is added after it", async () => {
  const { conversation, answer, emit } = agent();
  const sent = conversation.send("question");
  emit(text("one"));
  conversation.stop();
  emit(text(" two"));
  await sent;
  expect(answer().state.value).toBe("stopped");
  expect(shown(answer())).toEqual(["one"]);
});

test("Retry asks the same question as a new run, in place of the answer that failed", async () => {
  const { conversation, turns, answer, emit, end } = agent();
  const sent = conversation.send("question");
  emit(text("half"));
  end({ kind: "interrupted" });
  await sent;
  const retried = conversation.retry();
  emit(text("whole"));
  end({ kind: "finished" });
  await retried;
  expect(conversation.messages.value.map((message) => message.role)).toEqual(["user", "assistant"]);
  expect(shown(answer())).toEqual(["whole"]);
  expect(turns[1]).toEqual({ ...turns[0], runId: turns[1]?.runId });
  expect(turns[1]?.runId).not.toBe(turns[0]?.runId);
});

test("one turn runs at a time", async () => {
  const { conversation, turns } = agent();
  void conversation.send("one");
  await conversation.send("two");
  await conversation.retry();
  expect(turns).toHaveLength(1);
  expect(conversation.messages.value).toHaveLength(2);
});

test("a view that comes late is given the text so far, then the rest, then the end", async () => {
  const { conversation, answer, emit, end } = agent();
  const sent = conversation.send("question");
  emit(text("one "));
  const heard: string[] = [];
  const part = answer().parts.value[0];
  if (part?.kind === "text")
    part.stream.pipe({ append: (delta) => heard.push(delta), close: () => heard.push("end") });
  emit(text("two "), text("three"));
  end({ kind: "finished" });
  await sent;
  expect(heard).toEqual(["one ", "two ", "three", "end"]);
});

beforeEach(() => sessionStorage.clear());

function reload(messages: readonly Message[]): Message[] {
  saveTranscript(messages);
  return loadTranscript();
}

test("a reload brings back the messages; an answer that was not whole comes back as interrupted", async () => {
  const { conversation, emit, end } = agent();
  const first = conversation.send("first");
  emit(...call, result, text("whole"));
  end({ kind: "finished" });
  await first;
  void conversation.send("second");
  emit(text("half"), ...call);
  const [question, answer, , broken] = reload(conversation.messages.value);
  expect(question).toMatchObject({ role: "user", text: "first" });
  expect(shown(answer as Answer)).toEqual(['calculator({"x":1}) done 100', "whole"]);
  expect((answer as Answer).state.value).toBe("finished");
  expect(shown(broken as Answer)).toEqual(["half", 'calculator({"x":1}) failed']);
  expect((broken as Answer).state.value).toBe("interrupted");
  expect((broken as Answer).question.text).toBe("second");
});

test("a transcript that the tab cannot hold is given up whole, not in part", async () => {
  const { conversation } = agent();
  void conversation.send("x");
  saveTranscript(conversation.messages.value);
  const tab = sessionStorage;
  const setItem = () => {
    throw new DOMException("", "QuotaExceededError");
  };
  vi.stubGlobal("sessionStorage", { setItem, removeItem: (key: string) => tab.removeItem(key) });
  saveTranscript(conversation.messages.value);
  vi.unstubAllGlobals();
  expect(loadTranscript()).toEqual([]);
});
