import { signal } from "@preact/signals";
import { TextStream } from "../src/run/text-stream";
import type { Answer, Part, Question, ReasoningPart, ToolPart } from "../src/threads/open-thread";

export function question(text = "Why?", id = "q"): Question {
  return { role: "user", id, text };
}

export function textPart(text: string, closed = true): Part {
  const stream = new TextStream();
  stream.append(text);
  if (closed) stream.close();
  return { kind: "text", id: "m", stream };
}

export function toolPart(name: string, args: string, result: string): ToolPart {
  return {
    kind: "tool",
    id: "t",
    messageId: "m",
    name,
    state: signal<ToolPart["state"]["value"]>("done"),
    args: signal(args),
    result: signal(result),
    images: signal<ToolPart["images"]["value"]>([]),
    startedAt: signal<number | undefined>(0),
    endedAt: signal<number | undefined>(2300),
  };
}

export function reasoningPart(text: string): ReasoningPart {
  const stream = new TextStream();
  stream.append(text);
  return {
    kind: "reasoning",
    id: "r",
    stream,
    state: signal<ReasoningPart["state"]["value"]>("running"),
    startedAt: signal<number | undefined>(0),
    endedAt: signal<number | undefined>(undefined),
  };
}

/** An answer as the conversation gives it, finished unless said otherwise. */
export function answer(parts: readonly Part[], given: Partial<Answer> = {}): Answer {
  return {
    role: "assistant",
    id: "a",
    runId: "run",
    question: question(),
    replaces: undefined,
    retryMode: signal<Answer["retryMode"]["value"]>("regenerate"),
    state: signal<Answer["state"]["value"]>("finished"),
    parts: signal(parts),
    thinking: signal(false),
    connection: signal<Answer["connection"]["value"]>("live"),
    problem: signal<Answer["problem"]["value"]>(undefined),
    notices: signal<readonly string[]>([]),
    usage: signal<Answer["usage"]["value"]>(undefined),
    startedAt: signal<number | undefined>(undefined),
    endedAt: signal<number | undefined>(undefined),
    rating: signal<Answer["rating"]["value"]>(null),
    ...given,
  };
}
