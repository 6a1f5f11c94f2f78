// @vitest-environment node
// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type AgentEvent, parseEvent } from "../src/api/events";
import { isOver, openCallsOf } from "../src/run/asks";
import { breakOff, open, reduce } from "../src/run/reducer";
import { EMPTY, isThinking, type RunView } from "../src/run/run-view";

type Loose = { readonly type: string } & Record<string, unknown>;

const AT = 1_000;
const fold = (events: readonly Loose[], from: RunView = EMPTY) =>
  events.reduce((view, event) => reduce(view, event as unknown as AgentEvent, AT), from);

/** A run's state as a person reads it. */
function told(view: RunView): string[] {
  const parts = view.parts.map((part) => {
    if (part.kind !== "tool") return `${part.kind}${part.isClosed ? "." : ""} ${part.text}`.trim();
    const images = part.files.map(({ id }) => ` <${id}>`).join("");
    return `${part.name}(${part.args}) ${part.state} ${part.result}${images}`.trim();
  });
  const notices = view.notices.map((each) => ("key" in each ? each.key : each.sentence));
  const problem = view.problem ? [`${view.problem.title} ${view.retryMode}`] : [];
  return [view.state, ...parts, ...notices, ...problem];
}

const RUN = { threadId: "t", runId: "r" };
const started = { type: "RUN_STARTED", ...RUN };
const finished = { type: "RUN_FINISHED", ...RUN };
const text = (delta: string, messageId = "m") => ({
  type: "TEXT_MESSAGE_CONTENT",
  messageId,
  delta,
});
const textEnd = (messageId = "m") => ({ type: "TEXT_MESSAGE_END", messageId });
const thought = (delta: string) => ({
  type: "REASONING_MESSAGE_CONTENT",
  messageId: "r",
  delta,
});
const call = (toolCallId: string, parentMessageId?: string) => ({
  type: "TOOL_CALL_START",
  toolCallId,
  toolCallName: "look",
  ...(parentMessageId === undefined ? {} : { parentMessageId }),
});
const args = (delta: string, toolCallId = "c") => ({ type: "TOOL_CALL_ARGS", toolCallId, delta });
const result = (content: unknown, fields = {}) => ({
  type: "TOOL_CALL_RESULT",
  messageId: "x",
  toolCallId: "c",
  content,
  ...fields,
});
const image = (value: string, mimeType = "image/png") => ({
  type: "image",
  source: { type: "file", value, mimeType },
});
const custom = (name: string, value: unknown) => ({ type: "CUSTOM", name, value });
const error = (code: string | undefined, metadata?: unknown) => ({
  type: "RUN_ERROR",
  code,
  message: "The agent's sentence.",
  metadata,
});

const TABLE: Record<string, [events: Loose[], told: string[]]> = {
  "a run that has begun": [[started], ["running"]],
  "a text grows, and is closed": [
    [{ type: "TEXT_MESSAGE_START", messageId: "m" }, text("Let me "), text("see."), textEnd()],
    ["running", "text. Let me see."],
  ],
  "another message's text is another part, and ends the one before": [
    [text("One.", "a"), text("Two.", "b")],
    ["running", "text. One.", "text Two."],
  ],
  "the end of another message is not this one's": [
    [text("One."), textEnd("b")],
    ["running", "text One."],
  ],
  "a text goes on below the card under its own id": [
    [text("Let me see."), call("c", "m"), text("So.")],
    ["running", "text. Let me see.", "look() running", "text So."],
  ],
  "a text that was closed goes on": [
    [text("One, "), textEnd(), text("two")],
    ["running", "text One, two"],
  ],
  "reasoning is one part for one stretch": [
    [
      { type: "REASONING_START", messageId: "r" },
      { type: "REASONING_MESSAGE_START", messageId: "r2" },
      thought("Hm. "),
      thought("So."),
      { type: "REASONING_MESSAGE_END", messageId: "r2" },
      { type: "REASONING_END", messageId: "r" },
      thought("Again."),
      text("Well."),
    ],
    ["running", "reasoning. Hm. So.", "reasoning. Again.", "text Well."],
  ],
  "a call is written, and answered": [
    [
      call("c"),
      args('{"x"'),
      args(":1}"),
      { type: "TOOL_CALL_END", toolCallId: "c" },
      result("100"),
    ],
    ["running", 'look({"x":1}) done 100'],
  ],
  "a call that failed": [
    [call("c"), result("no", { metadata: { status: "error" } })],
    ["running", "look() failed no"],
  ],
  "a result of parts: text, images each once, and what is not shown by its kind": [
    [
      call("c"),
      result([{ type: "text", text: "Two." }, image("a"), image("a"), image("s", "image/svg+xml")]),
    ],
    ["running", "look() done Two.\n[image/svg+xml] <a>"],
  ],
  "what was never opened is opened": [
    [args("{}", "x"), result("ok", { toolCallId: "y" }), text("word")],
    ["running", "tool({}) running", "tool() done ok", "text word"],
  ],
  "an id that repeats is another call": [
    [call("c", "m1"), result("1"), call("c", "m2"), args("{}"), result("2")],
    ["running", "look() done 1", "look({}) done 2"],
  ],
  "steps show nothing": [
    [
      { type: "STEP_STARTED", stepName: "writer" },
      text("A draft."),
      { type: "STEP_FINISHED", stepName: "writer" },
    ],
    ["running", "text A draft."],
  ],
  "a snapshot takes back what it does not list": [
    [
      text("Let me see.", "m1"),
      call("c1", "m1"),
      result("noon", { toolCallId: "c1" }),
      text("It is ha", "m2"),
      call("c2", "m2"),
      {
        type: "MESSAGES_SNAPSHOT",
        messages: [{ id: "q" }, { id: "m1", toolCalls: [{ id: "c1" }] }, { id: "x" }],
      },
      text("It is noon.", "m3"),
    ],
    ["running", "text. Let me see.", "look() done noon", "text It is noon."],
  ],
  "a notice stands once, in the page's words where it has them": [
    [
      custom("model_retry", { message: "Busy, 3 s." }),
      custom("model_retry", { message: "Busy, 6 s." }),
      custom("tools_unusable", { message: "Left out: a." }),
      custom("tools_unusable", { message: "Left out: a." }),
      custom("tools_unusable", { message: "Left out: b." }),
      custom("own", { progress: 1 }),
      custom("own", null),
    ],
    ["running", "notice.model_retry", "Left out: a.", "Left out: b."],
  ],
  "told from the beginning, it takes the place of what was shown": [
    [text("Half"), custom("own", { message: "No." }), started, text("Whole")],
    ["running", "text Whole"],
  ],
  "a run that ends closes what is open": [
    [thought("Hm."), call("c"), text("So"), finished],
    ["finished", "reasoning. Hm.", "look() failed", "text. So"],
  ],
  "an outcome of success": [
    [text("So"), { ...finished, outcome: { type: "success" } }],
    ["finished", "text. So"],
  ],
  "an outcome of interrupt leaves its calls waiting": [
    [call("c"), { ...finished, outcome: { type: "interrupt", interrupts: [{ id: "i" }] } }],
    ["finished", "look() waiting"],
  ],
  "and so does one with pending calls": [
    [call("c"), { ...finished, outcome: { type: "success", pendingToolCallIds: ["c"] } }],
    ["finished", "look() waiting"],
  ],
  "an outcome of interrupt that asks nothing is a success": [
    [text("So"), { ...finished, outcome: { type: "interrupt" } }],
    ["finished", "text. So"],
  ],
  "an outcome of cancelled is a run that was stopped": [
    [text("So"), { ...finished, outcome: { type: "cancelled" } }],
    ["stopped", "text. So"],
  ],
  "what follows the end is passed over": [
    [text("So"), finished, text(", no"), error("interrupted")],
    ["finished", "text. So"],
  ],
  "an error of a run that is stored": [
    [started, error("model_throttled", { retry: "replace" })],
    ["failed", "The model has too many requests right now. regenerate"],
  ],
  "an error of a run that is not": [
    [started, error("model_throttled", { retry: "resend" })],
    ["failed", "The model has too many requests right now. resend"],
  ],
  "an error that nothing helps": [
    [started, error("brand_new", { retry: "none" })],
    ["failed", "The agent's sentence. resend"],
  ],
  "an error that does not say, after the beginning": [
    [started, error("brand_new")],
    ["failed", "The agent's sentence. regenerate"],
  ],
  "an error that does not say, before it": [
    [error(undefined)],
    ["failed", "The agent's sentence. resend"],
  ],
  "an error of a process that died": [
    [started, text("Half"), error("interrupted", { retry: "replace" })],
    ["interrupted", "text. Half", "The agent stopped unexpectedly. regenerate"],
  ],
};

test.each(Object.entries(TABLE))("%s", (_, [events, expected]) => {
  expect(told(fold(events))).toEqual(expected);
});

test("what a run took is told at its end", () => {
  const usage = [{ provider: "p", model: "m", inputTokens: 2, outputTokens: 3 }];
  const view = fold([text("So"), { ...finished, usage }]);
  expect(view.usage).toEqual({ model: "m", inputTokens: 2, outputTokens: 3, totalTokens: 5 });
  expect(view.endedAt).toBe(AT);
});

test("parts have the times at which they were seen to begin and end; told later, they have none", () => {
  const events = [thought("Hm."), call("c"), result("1")] as unknown as AgentEvent[];
  const times = (at?: number) =>
    events
      .reduce((view, event) => reduce(view, event, at), EMPTY)
      .parts.map(({ startedAt, endedAt }) => [startedAt, endedAt]);
  expect(times(AT)).toEqual([
    [AT, AT],
    [AT, AT],
  ]);
  expect(times()).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

test.each([
  ["nothing has come", [], true],
  ["a text has begun without a word", [{ type: "TEXT_MESSAGE_START", messageId: "m" }], true],
  ["a text grows", [text("So")], false],
  ["a call runs", [call("c")], false],
  ["a call has its result", [call("c"), result("1")], true],
  ["reasoning grows", [thought("Hm.")], false],
  ["reasoning has ended", [thought("Hm."), { type: "REASONING_END", messageId: "r" }], true],
  ["the run has ended", [finished], false],
] as const)("whether nothing on the page moves when %s", (_, events, expected) => {
  expect(isThinking(fold(events))).toBe(expected);
});

test("a run that was taken says so from its first event that is no error", () => {
  expect(fold([error("interrupted")]).isTaken).toBe(false);
  expect(fold([started]).isTaken).toBe(true);
});

test("a run that is not heard to its end keeps what arrived, and goes on when it is asked for", () => {
  const broken = { kind: "interrupted", problem: undefined, retryMode: "resume" } as const;
  const cut = breakOff(fold([text("Half"), call("c")]), broken, AT);
  expect(told(cut)).toEqual(["interrupted", "text. Half", "look() failed"]);
  expect([cut.retryMode, cut.endedAt]).toEqual(["resume", AT]);
  const again = open(cut, true, AT + 1);
  expect([again.state, again.retryMode, again.endedAt]).toEqual([
    "running",
    "regenerate",
    undefined,
  ]);
  expect(told(fold([finished], again))[0]).toBe("finished");
});

/** Every event with something wrong in it, at each of its fields and one level further in. */
const DAMAGED = Object.values(TABLE)
  .flatMap(([events]) => events)
  .flatMap((event) =>
    Object.keys(event).flatMap((name) =>
      [undefined, null, 5, "", "x", [], [null], [5, "x"], {}, { message: 5 }].map((value) => ({
        ...event,
        [name]: value,
      })),
    ),
  );

test("a malformed or unknown event never throws, and one that lacks what it must have changes nothing", () => {
  const before = fold([started, text("So"), call("c", "m"), args("{}")]);
  const seen = JSON.stringify(before);
  for (const event of [
    ...DAMAGED,
    null,
    5,
    "x",
    [],
    { type: "STATE_DELTA", delta: [] },
  ] as Loose[]) {
    let read: unknown;
    try {
      read = parseEvent(JSON.stringify(event));
    } catch {
      read = undefined;
    }
    const after = reduce(before, event as unknown as AgentEvent, AT);
    if (read === undefined) expect(after, JSON.stringify(event)).toBe(before);
    expect(JSON.stringify(before)).toBe(seen);
  }
});

test("parts that an event is not about stay the same objects", () => {
  const before = fold([text("So"), call("c", "m"), args("{}"), result("1"), text("Well")]);
  const after = fold([text(", yes")], before);
  expect(after.parts.slice(0, 2).every((part, i) => part === before.parts[i])).toBe(true);
  expect(fold([{ type: "STEP_STARTED", stepName: "a" }], before)).toBe(before);
});

test("every event of docs/wire.md is read", () => {
  const rows = readFileSync("../docs/wire.md", "utf8")
    .split("## Event streams")[1]
    ?.matchAll(/^\| (`[A-Z_`, ]+`) \|/gm);
  const names = [...(rows ?? [])].flatMap(([, cell = ""]) => {
    let prefix = "";
    return [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = ""]) => {
      const whole = name.startsWith("_") ? prefix + name : name;
      prefix = whole.replace(/_[A-Z]+$/, "");
      return whole;
    });
  });
  expect(names).toContain("REASONING_MESSAGE_CONTENT");
  expect(names.length).toBeGreaterThan(15);
  const fields = { messageId: "m", toolCallId: "c", toolCallName: "look", ...RUN, name: "n" };
  const rest = { delta: "", message: "", content: "", messages: [], subagentRunId: "s" };
  for (const type of names)
    expect(parseEvent(JSON.stringify({ type, ...fields, ...rest })), type).toBeDefined();
});

test("what a person is asked is read with care", () => {
  const interrupts = [
    {
      id: "i",
      reason: "approval",
      message: "Allow look?",
      toolCallId: "c",
      expiresAt: "1970-01-01T00:00:02Z",
    },
    { id: "j", reason: "seat", toolCallId: 7, expiresAt: "soon" },
    { reason: "approval" },
    null,
  ];
  const { asks } = fold([{ ...finished, outcome: { type: "interrupt", interrupts } }]);
  expect(asks).toEqual([
    { id: "i", isApproval: true, message: "Allow look?", callId: "c", expiresAt: 2_000 },
    { id: "j", isApproval: false, message: "seat", callId: undefined, expiresAt: undefined },
  ]);
  expect(asks.map((ask) => isOver(ask, 2_000))).toEqual([true, false]);
  expect(fold([started], { ...EMPTY, asks }).asks).toEqual([]);
});

test("a run that asks nothing has the same asks all along, so that nothing is drawn again for them", () => {
  expect(fold([started, text("So"), finished]).asks).toBe(EMPTY.asks);
});

test("a run that goes on has the results of calls that the run before made", () => {
  const before = fold([
    call("c"),
    args("{}"),
    { ...finished, outcome: { type: "interrupt", interrupts: [{ id: "i" }] } },
  ]);
  const view = fold([started, result("1"), finished], { ...EMPTY, openCalls: openCallsOf(before) });
  expect(told(view)).toEqual(["finished", "look({}) done 1"]);
});
