import type { Summary } from "../api/stored";
import { locale, t } from "../i18n";

/** Conversations of one span of time, newest first. */
export interface Group {
  readonly name: string;
  readonly threads: readonly Summary[];
}

const DAY_MS = 86_400_000;

/** @param threads newest first */
export function groupByTime(threads: readonly Summary[], now = new Date()): Group[] {
  const groups = new Map<string, Summary[]>();
  const nameOf = naming(now);
  for (const thread of threads) {
    const name = nameOf(new Date(thread.updatedAt));
    const group = groups.get(name);
    if (group) group.push(thread);
    else groups.set(name, [thread]);
  }
  return [...groups].map(([name, members]) => ({ name, threads: members }));
}

/** Days begin at the person's own midnight; older than thirty of them, months have names. */
function naming(now: Date): (time: Date) => string {
  const today = midnightOf(now);
  const ofThisYear = new Intl.DateTimeFormat(locale.value, { month: "long" });
  const ofAnyYear = new Intl.DateTimeFormat(locale.value, { month: "long", year: "numeric" });
  return (time) => {
    // Rounded: a day in which the clocks change is longer or shorter.
    const days = Math.round((today - midnightOf(time)) / DAY_MS);
    if (days <= 0) return t("threads.today");
    if (days === 1) return t("threads.yesterday");
    if (days <= 7) return t("threads.week");
    if (days <= 30) return t("threads.month");
    return (time.getFullYear() === now.getFullYear() ? ofThisYear : ofAnyYear).format(time);
  };
}

function midnightOf(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}

/**
 * Conversations whose title has all the words of a query, wherever they stand, or that were found by
 * what was said in them.
 */
export function search(
  threads: readonly Summary[],
  query: string,
  found: ReadonlyMap<string, string> = new Map(),
): readonly Summary[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return threads;
  return threads.filter(({ threadId, title }) => {
    if (found.has(threadId)) return true;
    const folded = fold(title);
    return words.every((word) => folded.includes(word));
  });
}

/** Letters that case or Unicode's accents alone do not make the same. */
const PLAIN: Record<string, string> = { ł: "l", ø: "o", đ: "d", ħ: "h", ŧ: "t", ı: "i", ς: "σ" };

/** Without case and accents, as people search, and as the server compares what was said. */
function fold(text: string): string {
  return (
    text
      .normalize("NFKD")
      .replace(/[\p{Diacritic}\p{Mn}]/gu, "")
      // Capitals first: a capital ß is SS.
      .toUpperCase()
      .toLowerCase()
      .replace(/[łøđħŧıς]/g, (letter) => PLAIN[letter] ?? letter)
  );
}
