/** A source that an answer may cite by its number. */
export interface Citation {
  readonly number: number;
  readonly title: string;
  /** The beginning of the passage; empty where none was told. */
  readonly text: string;
  /** https, or empty. */
  readonly url: string;
}

/** What models write in a text: [1], and [1, 2] of several. */
export const MARK = /\[(\d{1,4}(?:, ?\d{1,4})*)\]/g;

/** The sources in an AG-UI message's `metadata.citations`; what is none is passed over. */
export function citationsIn(told: readonly unknown[]): readonly Citation[] {
  return told.flatMap((each) => {
    const { number, title, text, url } = Object(each) as Record<string, unknown>;
    if (typeof number !== "number" || typeof title !== "string") return [];
    return { number, title, text: wordsOf(text), url: isHttps(url) ? url : "" };
  });
}

/** Those of the sources that a text cites, in the order of their numbers. */
export function citedIn(text: string, sources: readonly Citation[]): readonly Citation[] {
  const numbers = new Set<number>();
  for (const [, listed = ""] of text.matchAll(MARK))
    for (const number of listed.split(",")) numbers.add(Number(number));
  return sources
    .filter(({ number }) => numbers.has(number))
    .sort((one, other) => one.number - other.number);
}

function wordsOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isHttps(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("https://") && URL.canParse(value);
}
