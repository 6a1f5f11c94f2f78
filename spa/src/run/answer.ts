import { type Signal, signal } from "@preact/signals";
import type { AgentEvent } from "../api/events";
import type { AnswerState, StoredPart, StoredUsage } from "../api/stored";
import { type MessageKey, t } from "../i18n";
import { callOf } from "./calls";
import { type ImageFile, imageOf, imagesOf } from "./images";
import type { Connection, Outcome, RetryMode } from "./outcome";
import type { Problem } from "./problems";
import { TextStream } from "./text-stream";

export type ToolState = "running" | "done" | "failed";

export interface Question {
  readonly role: "user";
  readonly id: string;
  readonly text: string;
}

export interface TextPart {
  readonly kind: "text";
  readonly id: string;
  readonly stream: TextStream;
}

export interface ToolPart {
  readonly kind: "tool";
  readonly id: string;
  /** The message that made the call. */
  readonly messageId: string;
  readonly name: string;
  readonly state: Signal<ToolState>;
  /** JSON as the model wrote it; grows while the call is written. */
  readonly args: Signal<string>;
  readonly result: Signal<string>;
  readonly images: Signal<readonly ImageFile[]>;
  /** Milliseconds since the epoch; undefined for a call that was not seen happening. */
  readonly startedAt: Signal<number | undefined>;
  readonly endedAt: Signal<number | undefined>;
}

export interface ReasoningPart {
  readonly kind: "reasoning";
  readonly id: string;
  readonly stream: TextStream;
  readonly state: Signal<"running" | "done">;
  readonly startedAt: Signal<number | undefined>;
  readonly endedAt: Signal<number | undefined>;
}

export type Part = TextPart | ToolPart | ReasoningPart;

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly model?: string;
}

export interface Answer {
  readonly role: "assistant";
  readonly id: string;
  readonly runId: string;
  readonly question: Question;
  /** The run whose place this one takes. */
  readonly replaces: string | undefined;
  readonly state: Signal<AnswerState>;
  readonly parts: Signal<readonly Part[]>;
  /** True while nothing on the page moves: before the first text or call, and after a call's result. */
  readonly thinking: Signal<boolean>;
  /** While it runs: whether what is shown is what there is. */
  readonly connection: Signal<Connection>;
  readonly problem: Signal<Problem | undefined>;
  /** How it can be asked for again, once it has ended. */
  readonly retryMode: Signal<RetryMode>;
  /** Sentences the agent wants read that do not end the run, such as "not saved". */
  readonly notices: Signal<readonly string[]>;
  readonly usage: Signal<Usage | undefined>;
  /** Milliseconds since the epoch. */
  readonly startedAt: Signal<number | undefined>;
  readonly endedAt: Signal<number | undefined>;
  readonly rating: Signal<"up" | "down" | null>;
}

export type Message = Question | Answer;

type SnapshotMessages = Extract<AgentEvent, { type: "MESSAGES_SNAPSHOT" }>["messages"];

export function createAnswer(question: Question, runId: string, replaces?: string): Answer {
  return {
    role: "assistant",
    // Not the run's: an answer that is asked for again under the same run is drawn anew.
    id: crypto.randomUUID(),
    runId,
    question,
    replaces,
    state: signal("running"),
    parts: signal([]),
    thinking: signal(true),
    connection: signal("live"),
    problem: signal(undefined),
    retryMode: signal("regenerate"),
    notices: signal([]),
    usage: signal(undefined),
    startedAt: signal(undefined),
    endedAt: signal(undefined),
    rating: signal(null),
  };
}

export function createTool(
  id: string,
  messageId: string,
  name: string,
  startedAt?: number,
): ToolPart {
  return {
    kind: "tool",
    id,
    messageId,
    name,
    state: signal("running"),
    args: signal(""),
    result: signal(""),
    images: signal([]),
    startedAt: signal(startedAt),
    endedAt: signal(undefined),
  };
}

export function createReasoning(id: string, startedAt?: number): ReasoningPart {
  return {
    kind: "reasoning",
    id,
    stream: new TextStream(),
    state: signal("running"),
    startedAt: signal(startedAt),
    endedAt: signal(undefined),
  };
}

/**
 * Adds one event to an answer. An event about a message or call that was never opened opens it, so
 * that no word is lost to a missing START.
 */
export function apply(answer: Answer, event: AgentEvent): void {
  switch (event.type) {
    case "RUN_STARTED":
      beginAnew(answer);
      break;
    case "TEXT_MESSAGE_START":
      textPart(answer, event.messageId);
      break;
    case "TEXT_MESSAGE_CONTENT":
      textPart(answer, event.messageId).stream.append(event.delta);
      answer.thinking.value = false;
      break;
    case "TEXT_MESSAGE_END":
      textPart(answer, event.messageId).stream.close();
      break;
    case "REASONING_START":
    case "REASONING_MESSAGE_START":
      reasoningPart(answer, event.messageId);
      break;
    case "REASONING_MESSAGE_CONTENT":
      reasoningPart(answer, event.messageId).stream.append(event.delta);
      answer.thinking.value = false;
      break;
    case "REASONING_MESSAGE_END":
    case "REASONING_END":
      endReasoning(answer);
      break;
    case "TOOL_CALL_START":
      openTool(answer, event.toolCallId, event.toolCallName, event.parentMessageId);
      answer.thinking.value = false;
      break;
    case "TOOL_CALL_ARGS":
      toolPart(answer, event.toolCallId).args.value += event.delta;
      break;
    case "TOOL_CALL_RESULT": {
      const tool = answeredTool(answer, event.toolCallId);
      tool.result.value = plainText(event.content);
      tool.images.value = imagesOf(event.content);
      tool.state.value = event.metadata?.status === "error" ? "failed" : "done";
      tool.endedAt.value = Date.now();
      answer.thinking.value = true;
      break;
    }
    case "MESSAGES_SNAPSHOT":
      keepOnly(answer, event.messages);
      break;
    case "CUSTOM":
      notice(answer, event.name, event.value);
      break;
    case "RUN_FINISHED":
      answer.usage.value = usageOf(event.usage?.[0]);
      break;
    case "RUN_ERROR":
    case "TOOL_CALL_END":
      // How a run ends is the outcome's to say; a call is over when its result is there.
      break;
  }
}

/** Ends an answer as its run has ended. */
export function close(answer: Answer, outcome: Outcome, at: number | undefined): void {
  answer.state.value = outcome.kind;
  answer.thinking.value = false;
  answer.connection.value = "live";
  answer.endedAt.value = at;
  if (outcome.kind === "failed" || outcome.kind === "interrupted") {
    answer.problem.value = outcome.problem;
    answer.retryMode.value = outcome.retryMode;
  }
  for (const part of answer.parts.value) {
    if (part.kind === "tool") {
      if (part.state.value === "running") part.state.value = "failed";
    } else {
      part.stream.close();
      if (part.kind === "reasoning") part.state.value = "done";
    }
  }
}

/** An answer whose rest is asked for once more. */
export function reopen(answer: Answer): void {
  answer.state.value = "running";
  answer.problem.value = undefined;
  answer.endedAt.value = undefined;
  answer.thinking.value = true;
}

export function usageOf(usage: StoredUsage | undefined): Usage | undefined {
  if (!usage) return undefined;
  const { inputTokens = 0, outputTokens = 0 } = usage;
  return {
    inputTokens,
    outputTokens,
    totalTokens: usage.totalTokens ?? inputTokens + outputTokens,
    ...(usage.model === undefined ? {} : { model: usage.model }),
  };
}

/** A content's text; of parts that are neither text nor an image that is shown, what they are. */
export function plainText(content: string | readonly StoredPart[] | undefined): string {
  if (content === undefined || typeof content === "string") return content ?? "";
  const told = content.filter((part) => !imageOf(part));
  return told.map((part) => part.text ?? `[${part.source?.mimeType ?? part.type}]`).join("\n");
}

/** What is told from the beginning takes the place of what was shown. */
function beginAnew(answer: Answer): void {
  if (answer.parts.value.length > 0) answer.parts.value = [];
  if (answer.notices.value.length > 0) answer.notices.value = [];
  answer.thinking.value = true;
}

/** Takes back what the conversation no longer has: the half of an answer that begins anew. */
function keepOnly(answer: Answer, messages: SnapshotMessages): void {
  const calls = messages.flatMap((message) => ("toolCalls" in message && message.toolCalls) || []);
  const kept = new Set([...messages, ...calls].map(({ id }) => id));
  answer.parts.value = answer.parts.value.filter(({ id }) => kept.has(id));
}

/** A text after a tool call may go on under the same message id: it is a part of its own, below the card. */
function textPart(answer: Answer, id: string): TextPart {
  const last = answer.parts.value.at(-1);
  if (last?.kind === "text" && last.id === id) return last;
  return add(answer, { kind: "text", id, stream: new TextStream() });
}

/** An id that repeats is another call: the arguments that follow belong to the newest. */
function toolPart(answer: Answer, id: string): ToolPart {
  return toolsOf(answer).findLast((part) => part.id === id) ?? openTool(answer, id, "tool");
}

function answeredTool(answer: Answer, id: string): ToolPart {
  const known = callOf(toolsOf(answer), id, ({ state }) => state.value !== "running");
  return known ?? openTool(answer, id, "tool");
}

/** @param messageId as AG-UI's clients do, a call without a parent is a message of its own */
function openTool(answer: Answer, id: string, name: string, messageId = id): ToolPart {
  return add(answer, createTool(id, messageId, name, Date.now()));
}

function toolsOf(answer: Answer): readonly ToolPart[] {
  return answer.parts.value.filter((part) => part.kind === "tool");
}

/** One stretch of reasoning is one part, whatever ids its messages have. */
function reasoningPart(answer: Answer, id: string): ReasoningPart {
  const last = answer.parts.value.at(-1);
  if (last?.kind === "reasoning" && last.state.value === "running") return last;
  return add(answer, createReasoning(id, Date.now()));
}

function endReasoning(answer: Answer): void {
  const last = answer.parts.value.at(-1);
  if (last?.kind !== "reasoning" || last.state.value === "done") return;
  last.stream.close();
  last.state.value = "done";
  last.endedAt.value = Date.now();
  answer.thinking.value = true;
}

function add<P extends Part>(answer: Answer, part: P): P {
  const last = answer.parts.value.at(-1);
  if (last?.kind === "text") last.stream.close();
  endReasoning(answer);
  answer.parts.value = [...answer.parts.value, part];
  return part;
}

/** In the page's words where it has them; the agent's own sentence otherwise. */
const NOTICES = new Map<string, MessageKey>([
  ["context_trimmed", "notice.context_trimmed"],
  ["model_retry", "notice.model_retry"],
  ["storage_unavailable", "notice.storage_unavailable"],
  ["tools_unavailable", "notice.tools_unavailable"],
]);

function notice(answer: Answer, name: string, value: unknown): void {
  const own: unknown = (value as { message?: unknown } | null)?.message;
  if (typeof own !== "string") return;
  const key = NOTICES.get(name);
  const sentence = key ? t(key) : own;
  if (!answer.notices.value.includes(sentence))
    answer.notices.value = [...answer.notices.value, sentence];
}
