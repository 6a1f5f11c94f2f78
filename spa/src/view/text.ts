import type { Answer } from "../threads/open-thread";

/** An answer's text as the model wrote it: markdown. */
export function textOf(answer: Answer): string {
  return answer.parts.value
    .flatMap((part) => (part.kind === "text" ? [part.text.trim()] : []))
    .join("\n\n");
}

/** The value of a JSON text; undefined while it is not whole. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
