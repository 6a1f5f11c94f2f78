import { type AgentEvent, isAgentEvent } from "../api/events";
import type { AnswerState, StoredPart, StoredUsage } from "../api/stored";
import type { MessageKey } from "../i18n";
import { asksOf } from "./asks";
import { callOf } from "./calls";
import { filesOf, plainText } from "./files";
import type { Broken } from "./outcome";
import { problemOfRun } from "./problems";
import {
  EMPTY,
  type Part,
  type RunView,
  type ToolPart,
  toolsOf,
  type Usage,
  type WrittenPart,
} from "./run-view";

/**
 * What the page shows after an event. An event that is unknown or malformed, or follows the run's end,
 * changes nothing. One about a message or call that was never opened opens it, so that no word is lost
 * to a missing START.
 *
 * @param at now, in milliseconds since the epoch; undefined when the event is told, not seen happening
 */
export function reduce(before: RunView, event: AgentEvent, at?: number): RunView {
  if (!isAgentEvent(event)) return before;
  const view = before.isTaken || event.type === "RUN_ERROR" ? before : { ...before, isTaken: true };
  if (view.state !== "running" && event.type !== "RUN_STARTED") return view;
  const last = view.parts.at(-1);
  switch (event.type) {
    case "RUN_STARTED":
      // What is told from the beginning takes the place of what was shown.
      return { ...open(view, true, at), parts: [], notices: [], citations: [], asks: [] };
    case "TEXT_MESSAGE_START":
      return cite(write(view, "text", event.messageId, "", at), event.metadata);
    case "TEXT_MESSAGE_CONTENT":
      return write(view, "text", event.messageId, event.delta, at);
    case "TEXT_MESSAGE_END": {
      const isLast = last?.kind === "text" && last.id === event.messageId;
      return cite(isLast ? endLast(view, at) : view, event.metadata);
    }
    case "REASONING_START":
    case "REASONING_MESSAGE_START":
      return write(view, "reasoning", event.messageId, "", at);
    case "REASONING_MESSAGE_CONTENT":
      return write(view, "reasoning", event.messageId, event.delta, at);
    case "REASONING_MESSAGE_END":
    case "REASONING_END":
      return last?.kind === "reasoning" ? endLast(view, at) : view;
    case "TOOL_CALL_START": {
      // As AG-UI's clients do: a call without a parent is a message of its own.
      const { toolCallId: id, toolCallName: name, parentMessageId: messageId = id } = event;
      return add(view, { ...CALL, id, messageId, name, startedAt: at }, at);
    }
    case "TOOL_CALL_ARGS":
      return addArguments(view, event.toolCallId, event.delta, at);
    case "TOOL_CALL_END":
      // A call is over when its result is there.
      return view;
    case "TOOL_CALL_RESULT": {
      const isFailed = event.metadata?.status === "error";
      return answer(view, event.toolCallId, partsIn(event.content), isFailed, at);
    }
    case "STEP_STARTED":
    case "STEP_FINISHED":
    case "SUBAGENT_STARTED":
    case "SUBAGENT_FINISHED":
    case "SUBAGENT_ERROR":
    case "STATE_SNAPSHOT":
    case "STATE_DELTA":
    case "REASONING_ENCRYPTED_VALUE":
      // Which node of a graph speaks, what it shares with other clients, what a model keeps to
      // itself: none of it is shown.
      return view;
    case "MESSAGES_SNAPSHOT":
      return keepOnly(view, event.messages);
    case "CUSTOM":
      return addNotice(view, event.name, event.value);
    case "RUN_FINISHED": {
      const { outcome } = event;
      const usage = usageOf(event.usage?.[0]);
      if (outcome?.type === "cancelled") return { ...end(view, "stopped", at), usage };
      const asks = outcome?.type === "interrupt" ? asksOf(outcome.interrupts ?? []) : EMPTY.asks;
      const pending = outcome?.type === "success" ? (outcome.pendingToolCallIds ?? []) : [];
      const isOpen = asks.length > 0 || pending.length > 0;
      return { ...end(view, "finished", at, isOpen ? "waiting" : "failed"), usage, asks };
    }
    case "RUN_ERROR":
      return fail(view, event, at);
  }
}

/** The run is asked for, or its rest is asked for once more. */
export function open(view: RunView, isTaken: boolean, at: number | undefined): RunView {
  const { state, problem, retryMode, endedAt } = EMPTY;
  const startedAt = view.startedAt ?? at;
  return { ...view, state, isTaken, problem, retryMode, startedAt, endedAt };
}

/** Nothing more is heard of the run, though it has not told its end. */
export function breakOff(view: RunView, broken: Broken, at: number): RunView {
  const { kind, problem, retryMode } = broken;
  return { ...end(view, kind, at), problem, retryMode };
}

/**
 * A text after a tool call may go on under the same message id: it is a part of its own, below the
 * card. One stretch of reasoning is one part, whatever ids its messages have.
 */
function write(
  view: RunView,
  kind: WrittenPart["kind"],
  id: string,
  delta: string,
  at: number | undefined,
): RunView {
  const last = view.parts.at(-1);
  if (last?.kind !== kind || (kind === "text" ? last.id !== id : last.isClosed)) {
    const times = { startedAt: at, endedAt: undefined };
    return add(view, { kind, id, text: delta, isClosed: false, ...times }, at);
  }
  return delta ? replace(view, last, { ...last, text: last.text + delta, isClosed: false }) : view;
}

/** Each message tells all the sources that were found before it. */
function cite(view: RunView, metadata: Record<string, unknown> | undefined): RunView {
  const citations = metadata?.citations;
  return Array.isArray(citations) ? { ...view, citations } : view;
}

/** What is written ends with what follows it. */
function endLast(view: RunView, at: number | undefined): RunView {
  const last = view.parts.at(-1);
  if (!last || last.kind === "tool" || last.isClosed) return view;
  return replace(view, last, { ...last, isClosed: true, endedAt: at });
}

const CALL = {
  kind: "tool",
  state: "running",
  args: "",
  result: "",
  files: [],
  endedAt: undefined,
} as const;

/** An id that repeats is another call: the arguments that follow belong to the newest. */
function addArguments(view: RunView, id: string, delta: string, at: number | undefined): RunView {
  const known = toolsOf(view).findLast((each) => each.id === id);
  return changeCall(view, id, known, { args: (known?.args ?? "") + delta }, at);
}

function answer(
  view: RunView,
  id: string,
  content: string | readonly StoredPart[],
  isFailed: boolean,
  at: number | undefined,
): RunView {
  const known = callOf(toolsOf(view), id, ({ state }) => state !== "running");
  const changes: Partial<ToolPart> = {
    state: isFailed ? "failed" : "done",
    result: plainText(content),
    files: filesOf(content),
    endedAt: at,
  };
  return changeCall(view, id, known, changes, at);
}

/** @param known undefined for a call that was never opened */
function changeCall(
  view: RunView,
  id: string,
  known: ToolPart | undefined,
  changes: Partial<ToolPart>,
  at: number | undefined,
): RunView {
  if (known) return replace(view, known, { ...known, ...changes });
  const { name, args } = view.openCalls.findLast((each) => each.id === id) ?? { name: "tool" };
  const call = { ...CALL, id, messageId: id, name, args: args ?? "", startedAt: at };
  return add(view, { ...call, ...changes }, at);
}

/** Takes back what the conversation no longer has: the half of an answer that begins anew. */
function keepOnly(view: RunView, messages: readonly unknown[]): RunView {
  const kept = new Set<unknown>();
  for (const message of messages) {
    const { id, toolCalls } = Object(message) as { id?: unknown; toolCalls?: unknown };
    kept.add(id);
    if (Array.isArray(toolCalls)) for (const each of toolCalls) kept.add(Object(each).id);
  }
  return { ...view, parts: view.parts.filter(({ id }) => kept.has(id)) };
}

const NOTICES = new Map<string, MessageKey>([
  ["code_unavailable", "notice.code_unavailable"],
  ["context_trimmed", "notice.context_trimmed"],
  ["knowledge_unavailable", "notice.knowledge_unavailable"],
  ["model_retry", "notice.model_retry"],
  ["storage_unavailable", "notice.storage_unavailable"],
  ["tools_unavailable", "notice.tools_unavailable"],
]);

/** Each sentence once. An event of the agent's file has a value of its own, and is not shown. */
function addNotice(view: RunView, name: string, value: unknown): RunView {
  const { message } = Object(value) as { message?: unknown };
  if (typeof message !== "string") return view;
  const key = NOTICES.get(name);
  const isKnown = view.notices.some((each) =>
    "key" in each ? each.key === key : !key && each.sentence === message,
  );
  return isKnown
    ? view
    : { ...view, notices: [...view.notices, key ? { key } : { sentence: message }] };
}

function fail(
  view: RunView,
  { code, message, metadata }: Extract<AgentEvent, { type: "RUN_ERROR" }>,
  at: number | undefined,
): RunView {
  const problem = problemOfRun(code, message);
  if (code === "interrupted") return { ...end(view, "interrupted", at), problem };
  const retry: unknown = metadata?.retry;
  // A server that does not say keeps what has begun. What it does not keep may be sent as it was.
  const isStored = retry === undefined ? view.isTaken : retry === "replace";
  return { ...end(view, "failed", at), problem, retryMode: isStored ? "regenerate" : "resend" };
}

/** A call without a result has none, or has it in the next run: it is not left running. */
function end(
  view: RunView,
  state: AnswerState,
  endedAt: number | undefined,
  left: "failed" | "waiting" = "failed",
): RunView {
  const parts = view.parts.map((part): Part => {
    if (part.kind === "tool") return part.state === "running" ? { ...part, state: left } : part;
    return part.isClosed ? part : { ...part, isClosed: true };
  });
  return { ...view, state, parts, endedAt };
}

export function usageOf(usage: StoredUsage | undefined): Usage | undefined {
  if (!usage) return undefined;
  const { inputTokens = 0, outputTokens = 0, model } = usage;
  const totalTokens = usage.totalTokens ?? inputTokens + outputTokens;
  return { inputTokens, outputTokens, totalTokens, ...(model === undefined ? {} : { model }) };
}

function partsIn(content: unknown): string | readonly StoredPart[] {
  if (typeof content === "string") return content;
  return (content as unknown[]).map((part) => Object(part) as StoredPart);
}

function add(view: RunView, part: Part, at: number | undefined): RunView {
  const { parts, ...rest } = endLast(view, at);
  return { ...rest, parts: [...parts, part] };
}

function replace(view: RunView, part: Part, by: Part): RunView {
  return { ...view, parts: view.parts.with(view.parts.lastIndexOf(part), by) };
}
