import type { Token, TokenizerThis, Tokens } from "marked";
import { t } from "../i18n";

/** `<details>` with a `<summary>`: what a reader unfolds. Markdown stands inside it. */
export interface DetailsToken extends Tokens.Generic {
  type: "details";
  summary: Token[];
  /** False while its end has not come. */
  closed: boolean;
}

const OPENING =
  /^ {0,3}<details(?:\s[^>\n]*)?>[ \t]*\n?(?:\s*<summary(?:\s[^>\n]*)?>([\s\S]*?)<\/summary>)?/i;
const TAG = /<(\/?)details(?:\s[^>\n]*)?>[ \t]*\n?/gi;

export function startOfDetails(this: TokenizerThis, text: string): number {
  const line = /\n(?= {0,3}<details[\s>])/i.exec(text);
  return line ? line.index + 1 : -1;
}

export function details(this: TokenizerThis, text: string): DetailsToken | undefined {
  const opening = OPENING.exec(text);
  if (!opening) return undefined;
  const [head, summary = t("details.label")] = opening;
  const { body, length, closed } = contentOf(text.slice(head.length));
  return {
    type: "details",
    raw: text.slice(0, head.length + length),
    summary: this.lexer.inline(summary.trim()),
    tokens: this.lexer.blockTokens(body, []),
    closed,
  };
}

/** Up to the end tag that belongs to it, or all of the text. */
function contentOf(text: string): { body: string; length: number; closed: boolean } {
  let depth = 1;
  for (const tag of text.matchAll(TAG)) {
    depth += tag[1] ? -1 : 1;
    if (depth === 0)
      return { body: text.slice(0, tag.index), length: tag.index + tag[0].length, closed: true };
  }
  return { body: text, length: text.length, closed: false };
}
