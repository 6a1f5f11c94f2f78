import { HttpAgent } from "@ag-ui/client";
import { expect, test } from "vitest";
import { type AgentEvent, MalformedEvent, parseEvent } from "../src/api/events";
import { agent, shown } from "./stepped";
import { frames, text } from "./support";

/** What the agent sends when its model broke off in mid-answer and was asked again (docs/wire.md). */
const QUESTION = { id: "q", role: "user", content: "When does it leave?" };
const CALLED = {
  id: "m1",
  role: "assistant",
  content: "Let me see. ",
  toolCalls: [{ id: "c1", type: "function", function: { name: "clock", arguments: "{}" } }],
};
const RESULT = { id: "r1", role: "tool", toolCallId: "c1", content: "noon" };
const EVENTS = [
  { type: "TEXT_MESSAGE_START", messageId: "m1", role: "assistant" },
  text("Let me see. ", "m1"),
  { type: "TEXT_MESSAGE_END", messageId: "m1" },
  { type: "TOOL_CALL_START", toolCallId: "c1", toolCallName: "clock", parentMessageId: "m1" },
  { type: "TOOL_CALL_ARGS", toolCallId: "c1", delta: "{}" },
  { type: "TOOL_CALL_END", toolCallId: "c1" },
  { type: "TOOL_CALL_RESULT", messageId: "r1", toolCallId: "c1", content: "noon" },
  { type: "TEXT_MESSAGE_START", messageId: "m2", role: "assistant" },
  text("The ferry leaves at", "m2"),
  { type: "TEXT_MESSAGE_END", messageId: "m2" },
  { type: "TOOL_CALL_START", toolCallId: "c2", toolCallName: "clock", parentMessageId: "m2" },
  { type: "TOOL_CALL_END", toolCallId: "c2" },
  { type: "MESSAGES_SNAPSHOT", messages: [QUESTION, CALLED, RESULT] },
  { type: "TEXT_MESSAGE_START", messageId: "m3", role: "assistant" },
  text("The ferry leaves at nine.", "m3"),
  { type: "TEXT_MESSAGE_END", messageId: "m3" },
];
const RUN = { threadId: "t", runId: "r" };

test("an answer that begins anew takes the place of its half", () => {
  const { openThread, answer, emit } = agent();
  void openThread.send(QUESTION.content);
  for (const event of EVENTS) {
    const read = parseEvent(JSON.stringify(event));
    if (read) emit(read);
  }
  expect(shown(answer())).toEqual([
    "Let me see. ",
    "clock({}) done noon",
    "The ferry leaves at nine.",
  ]);
});

test("the official client of AG-UI then has the whole answer alone", async () => {
  const body = frames([
    { type: "RUN_STARTED", ...RUN },
    ...EVENTS,
    { type: "RUN_FINISHED", ...RUN },
  ] as AgentEvent[]);
  const fetch = () =>
    Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  const client = new HttpAgent({ url: "https://api.example/chat", threadId: RUN.threadId, fetch });
  client.addMessage(QUESTION as never);
  await client.runAgent();
  expect(client.messages.map(({ id, content }) => [id, content])).toEqual([
    ["q", QUESTION.content],
    ["m1", "Let me see. "],
    ["r1", "noon"],
    ["m3", "The ferry leaves at nine."],
  ]);
});

test("a snapshot without messages is no event", () => {
  expect(() => parseEvent('{"type":"MESSAGES_SNAPSHOT"}')).toThrow(MalformedEvent);
});
