import type { Token } from "marked";

const NAMES = [
  ...["sub", "sup", "kbd", "u", "mark", "ins", "del", "s", "small"],
  ...["b", "i", "em", "strong", "var", "samp", "q"],
] as const;
type TagName = (typeof NAMES)[number];

const TAG = new RegExp(`^<(/?)(${NAMES.join("|")})(?:\\s[^>]*)?>$`, "i");

/** (slash, name) of a tag that is drawn, without its attributes; undefined for all others. */
export function tagOf(token: Token | undefined): RegExpExecArray | undefined {
  return (token?.type === "html" && TAG.exec(token.raw)) || undefined;
}

/** The elements that tags make of a run of tokens: by the place of the start tag, where each ends. */
export function elementsOf(tokens: readonly Token[]): Map<number, { name: TagName; end: number }> {
  const found = new Map<number, { name: TagName; end: number }>();
  const open: { name: TagName; at: number }[] = [];
  for (const [at, token] of tokens.entries()) {
    const tag = tagOf(token);
    if (!tag) continue;
    const name = tag[2]?.toLowerCase() as TagName;
    if (!tag[1]) open.push({ name, at });
    else {
      const start = open.at(-1);
      // A tag that was never closed stays text, and so does what it would enclose wrongly.
      if (start?.name !== name) continue;
      open.pop();
      found.set(start.at, { name, end: at });
    }
  }
  return found;
}
