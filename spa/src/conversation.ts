import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Problem } from "./problems";
import { TextStream } from "./text-stream";
import type { Chat, Outcome } from "./wire/chat";
import type { AgentEvent } from "./wire/events";

export type AnswerState = "running" | "finished" | "failed" | "interrupted" | "stopped";
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
  readonly name: string;
  readonly state: Signal<ToolState>;
  /** JSON as the model wrote it; grows while the call is written. */
  readonly args: Signal<string>;
  readonly result: Signal<string>;
}

export type Part = TextPart | ToolPart;

export interface Answer {
  readonly role: "assistant";
  readonly id: string;
  readonly question: Question;
  readonly state: Signal<AnswerState>;
  readonly parts: Signal<readonly Part[]>;
  /** True while nothing on the page moves: before the first text or call, and after a call's result. */
  readonly thinking: Signal<boolean>;
  readonly problem: Signal<Problem | undefined>;
  /** Sentences the agent wants read that do not end the run, such as "not saved". */
  readonly notices: Signal<readonly string[]>;
}

export type Message = Question | Answer;

export interface Conversation {
  readonly messages: ReadonlySignal<readonly Message[]>;
  readonly running: ReadonlySignal<boolean>;
  /** Starts a turn; resolves when it has ended, however it ended. Does nothing while one runs. */
  send(text: string): Promise<void>;
  /** Asks the last answer's question again, in place of that answer. */
  retry(): Promise<void>;
  /** Ends the display of the running answer. What has arrived stays. */
  stop(): void;
}

/** One thread's state, from which the page is drawn. Knows neither the DOM nor HTTP. */
export function createConversation(
  threadId: string,
  chat: Chat,
  earlier: readonly Message[] = [],
): Conversation {
  const messages = signal(earlier);
  const current = signal<AbortController | undefined>(undefined);

  async function ask(question: Question): Promise<void> {
    const answer = createAnswer(question);
    const abort = new AbortController();
    batch(() => {
      messages.value = [...messages.value, answer];
      current.value = abort;
    });
    const turn = {
      threadId,
      runId: crypto.randomUUID(),
      messageId: question.id,
      text: question.text,
    };
    const onEvent = (event: AgentEvent) => {
      // Bytes already read may hold events; after Stop the display is to stand still.
      if (!abort.signal.aborted) apply(answer, event);
    };
    const outcome = await chat.run(turn, onEvent, abort.signal);
    batch(() => {
      close(answer, outcome);
      current.value = undefined;
    });
  }

  return {
    messages,
    running: computed(() => current.value !== undefined),
    async send(text) {
      if (current.value) return;
      const question: Question = { role: "user", id: crypto.randomUUID(), text };
      messages.value = [...messages.value, question];
      await ask(question);
    },
    async retry() {
      const last = messages.value.at(-1);
      if (current.value || last?.role !== "assistant") return;
      messages.value = messages.value.slice(0, -1);
      await ask(last.question);
    },
    stop: () => current.value?.abort(),
  };
}

export function createAnswer(
  question: Question,
  state: AnswerState = "running",
  parts: readonly Part[] = [],
): Answer {
  return {
    role: "assistant",
    id: crypto.randomUUID(),
    question,
    state: signal(state),
    parts: signal(parts),
    thinking: signal(state === "running"),
    problem: signal(undefined),
    notices: signal([]),
  };
}

export function createTool(
  id: string,
  name: string,
  state: ToolState = "running",
  args = "",
  result = "",
): ToolPart {
  return {
    kind: "tool",
    id,
    name,
    state: signal(state),
    args: signal(args),
    result: signal(result),
  };
}

/**
 * Adds one event to an answer. An event about a message or call that was never opened opens it, so
 * that no word is lost to a missing START.
 */
function apply(answer: Answer, event: AgentEvent): void {
  switch (event.type) {
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
    case "TOOL_CALL_START":
      toolPart(answer, event.toolCallId, event.toolCallName);
      answer.thinking.value = false;
      break;
    case "TOOL_CALL_ARGS":
      toolPart(answer, event.toolCallId).args.value += event.delta;
      break;
    case "TOOL_CALL_RESULT": {
      const tool = toolPart(answer, event.toolCallId);
      tool.result.value = plainText(event.content);
      tool.state.value = event.metadata?.status === "error" ? "failed" : "done";
      answer.thinking.value = true;
      break;
    }
    case "CUSTOM": {
      const sentence: unknown = (event.value as { message?: unknown } | null)?.message;
      if (typeof sentence === "string") answer.notices.value = [...answer.notices.value, sentence];
      break;
    }
    case "RUN_STARTED":
    case "RUN_FINISHED":
    case "RUN_ERROR":
    case "TOOL_CALL_END":
      // How a run ends is the outcome's to say; a call is over when its result is there.
      break;
  }
}

/** A text after a tool call may go on under the same message id: it is a part of its own, below the card. */
function textPart(answer: Answer, id: string): TextPart {
  const last = answer.parts.value.at(-1);
  if (last?.kind === "text" && last.id === id) return last;
  return add(answer, { kind: "text", id, stream: new TextStream() });
}

function toolPart(answer: Answer, id: string, name = "tool"): ToolPart {
  const known = answer.parts.value.find((part) => part.kind === "tool" && part.id === id);
  return known?.kind === "tool" ? known : add(answer, createTool(id, name));
}

function add<P extends Part>(answer: Answer, part: P): P {
  const last = answer.parts.value.at(-1);
  if (last?.kind === "text") last.stream.close();
  answer.parts.value = [...answer.parts.value, part];
  return part;
}

function close(answer: Answer, outcome: Outcome): void {
  answer.state.value = outcome.kind;
  answer.thinking.value = false;
  if (outcome.kind === "failed") answer.problem.value = outcome.problem;
  for (const part of answer.parts.value) {
    if (part.kind === "text") part.stream.close();
    else if (part.state.value === "running") part.state.value = "failed";
  }
}

/** A tool returns text, or a list of parts of which only the text can be shown. */
function plainText(content: string | readonly { type: string; text?: string }[]): string {
  if (typeof content === "string") return content;
  return content.map((part) => part.text ?? `[${part.type}]`).join("\n");
}
