import { type ReadonlySignal, signal } from "@preact/signals";

const spoken = signal("");

/** The last sentence for the page's live region that is not about the answer itself. */
export const announcement: ReadonlySignal<string> = spoken;

export function announce(sentence: string): void {
  spoken.value = sentence;
}
