import type { Answer } from "../threads/open-thread";

/** An answer's text as the model wrote it: markdown. */
export function textOf(answer: Answer): string {
  return answer.parts.value
    .flatMap((part) => (part.kind === "text" ? [part.text.trim()] : []))
    .join("\n\n");
}
