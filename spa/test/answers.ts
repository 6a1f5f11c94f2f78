import { createAnswer } from "../src/run/answer";
import type { FileRef } from "../src/run/files";
import { EMPTY, type RunView } from "../src/run/run-view";
import type { Answer, Part, Question, ToolPart, WrittenPart } from "../src/threads/open-thread";

export function question(text = "Why?", id = "q", files: readonly FileRef[] = []): Question {
  return { role: "user", id, text, files };
}

export function fileRef(id: string, given: Partial<FileRef> = {}): FileRef {
  return { id, kind: "image", mimeType: "image/png", name: "", size: 7, ...given };
}

export function textPart(text: string, isClosed = true): Part {
  return { kind: "text", id: "m", text, isClosed, startedAt: 0, endedAt: undefined };
}

export function toolPart(
  name: string,
  args: string,
  result: string,
  given: Partial<ToolPart> = {},
): ToolPart {
  const times = { startedAt: 0, endedAt: 2300 };
  const call = { kind: "tool", id: "t", messageId: "m", name, args, result, files: [] } as const;
  return { ...call, state: "done", ...times, ...given };
}

export function reasoningPart(text: string, given: Partial<WrittenPart> = {}): WrittenPart {
  const times = { startedAt: 0, endedAt: undefined };
  return { kind: "reasoning", id: "r", text, isClosed: false, ...times, ...given };
}

/** An answer as the conversation gives it, finished unless said otherwise. */
export function answer(
  parts: readonly Part[],
  view: Partial<RunView> = {},
  given: Partial<Pick<Answer, "id" | "rating" | "connection">> = {},
): Answer {
  const run: RunView = { ...EMPTY, state: "finished", isTaken: true, parts, ...view };
  return { ...createAnswer(question(), "run", undefined, run), id: "a", ...given };
}

/** Changes what an answer's run has come to. */
export function change({ run }: Answer, view: Partial<RunView>): void {
  run.value = { ...run.value, ...view };
}
