import type { TokenizerThis, Tokens } from "marked";

/**
 * Recognises TeX, so that its underscores and backslashes are not read as markdown. It is shown as it
 * was written until it is typeset.
 */
export interface MathToken extends Tokens.Generic {
  type: "math";
  text: string;
  block: boolean;
}

// Block math ends before a blank line, and its closing sign ends its line: otherwise a stray $$ would
// swallow the rest of the answer.
const BLOCK =
  /^(?:\$\$((?:(?!\n[ \t]*\n)[^$])+)\$\$|\\\[((?:(?!\n[ \t]*\n)[\s\S])+?)\\\])[ \t]*(?:\n|$)/;
// As pandoc has it, so that "$5 and $10" is money: no blank inside the signs, no digit after them.
const INLINE =
  /^(?:\$\$([^$\n]+)\$\$|\$(?![\s$])((?:\\[^\n]|[^$\\\n])*[^\s$\\])\$(?![\d$])|\\\((.+?)\\\)|\\\[(.+?)\\\])/;

/** Where a paragraph must end because block math may begin: only at the start of one of its own lines. */
export function startOfBlockMath(this: TokenizerThis, text: string): number {
  const blank = text.indexOf("\n\n");
  const paragraph = blank < 0 ? text : text.slice(0, blank);
  const line = /\n(?=\$\$|\\\[)/.exec(paragraph);
  return line ? line.index + 1 : -1;
}

export function startOfInlineMath(this: TokenizerThis, text: string): number {
  return text.search(/\$|\\[([]/);
}

export function blockMath(this: TokenizerThis, text: string): MathToken | undefined {
  return token(BLOCK.exec(text), true);
}

export function inlineMath(this: TokenizerThis, text: string): MathToken | undefined {
  return token(INLINE.exec(text), false);
}

function token(match: RegExpExecArray | null, block: boolean): MathToken | undefined {
  if (!match) return undefined;
  const text = match.slice(1).find((group) => group !== undefined) ?? "";
  return { type: "math", raw: match[0], text: text.trim(), block };
}
