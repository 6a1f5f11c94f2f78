import type { Token, TokenizerThis, Tokens } from "marked";

/**
 * Recognises TeX, so that its underscores and backslashes are not read as markdown. It is shown as it
 * was written until it is typeset.
 */
export interface MathToken extends Tokens.Generic {
  type: "math";
  text: string;
  block: boolean;
}

// Environments that are formulas by themselves, with no sign around them.
const ENVIRONMENT =
  "(?:align(?:ed|at)?|alignedat|gather(?:ed)?|equation|split|cases|array|[bBpvV]?matrix|smallmatrix|multline|flalign|eqnarray|CD)\\*?";
const BLANK_LINE = "\\n[ \\t]*\\n";
// Two backslashes are TeX's new line, so that a bracket after them ends nothing; alone they are escapes.
const BRACKETED = "\\\\\\[(?![\\\\\\s]*\\\\\\])((?:\\\\[^\\]]|[^\\\\])+?)\\\\\\]";
const END_OF_LINE = "[ \\t]*(?:\\n|$)";

// Each closing sign ends its line. A blank line ends a formula whose signs share lines with it:
// otherwise a stray $$ would swallow the rest of the answer.
const BLOCK = new RegExp(
  [
    `^ {0,3}(?:\\$\\$((?:\\\\[^\\n]|(?!${BLANK_LINE})[^$\\\\])+)\\$\\$`,
    "\\$\\$[ \\t]*\\n((?:\\\\[^\\n]|[^$\\\\])+?)\\n[ \\t]*\\$\\$",
    BRACKETED,
    `(\\\\begin\\{(${ENVIRONMENT})\\}[\\s\\S]+?\\\\end\\{\\5\\}))${END_OF_LINE}`,
  ].join("|"),
);

// As pandoc has it: no blank inside the signs. Beyond it, so that prices and a shell's variables stay
// what they are: no letter or digit right before or after them, but for "th" and the like.
const INLINE = new RegExp(
  [
    "^(?:\\$\\$((?:\\\\[\\s\\S]|[^$\\\\])+?)\\$\\$",
    "\\$(?![\\s$])((?:\\\\[^\\n]|[^$\\\\\\n])*[^\\s$\\\\])\\$(?:(?![A-Za-z0-9_${])|(?=(?:th|st|nd|rd|s)\\b))",
    "\\\\\\(((?:\\\\[^)]|[^\\\\])+?)\\\\\\)",
    BRACKETED,
    `(\\\\begin\\{(${ENVIRONMENT})\\}[\\s\\S]+?\\\\end\\{\\6\\}))`,
  ].join("|"),
);
const BLOCK_START = new RegExp(`\\n(?= {0,3}(?:\\$\\$|\\\\\\[|\\\\begin\\{${ENVIRONMENT}\\}))`);
const PROSE = /[\p{L}]{2,}[\s,]+[\p{L}]{2,}/u;
const AMOUNT = /^\d[\d.,]*\s.*[A-Za-z]{2,}/s;

/** Where a paragraph must end because block math may begin: only at the start of one of its own lines. */
export function startOfBlockMath(this: TokenizerThis, text: string): number {
  const blank = text.indexOf("\n\n");
  const paragraph = blank < 0 ? text : text.slice(0, blank);
  const line = BLOCK_START.exec(paragraph);
  return line ? line.index + 1 : -1;
}

export function startOfInlineMath(this: TokenizerThis, text: string): number {
  return text.search(/\$|\\(?:[([]|begin\{)/);
}

export function blockMath(this: TokenizerThis, text: string): MathToken | undefined {
  const match = BLOCK.exec(text);
  // What a stray sign and a later one have between them is an answer's words.
  if (match && /\n[ \t]*\n/.test(match[0]) && !match[4] && isProse(match[2] ?? match[3] ?? ""))
    return undefined;
  return token(match, true);
}

/** @param tokens what stands before the text in its block */
export function inlineMath(
  this: TokenizerThis,
  text: string,
  tokens: Token[] = [],
): MathToken | undefined {
  const match = INLINE.exec(text);
  const isMoney =
    match?.[2] !== undefined &&
    (/[A-Za-z0-9]$/.test(tokens.at(-1)?.raw ?? "") || isMoneyOrShell(match[2]));
  const bracketed = match?.[3] ?? match?.[4];
  if (isMoney || (bracketed !== undefined && isEscaped(bracketed))) return undefined;
  return token(match, false);
}

function token(match: RegExpExecArray | null, block: boolean): MathToken | undefined {
  if (!match) return undefined;
  const written = match.slice(1).find((group) => group !== undefined) ?? "";
  // GitHub's own notation has backticks inside the signs.
  const text = /^`([^`]+)`$/.exec(written)?.[1] ?? written;
  return { type: "math", raw: match[0], text: text.trim(), block };
}

/** Brackets that were escaped, around a citation's number or words: "\\[1\\]", "\\(see above\\)". */
function isEscaped(content: string): boolean {
  return (
    /^\d+(?:[,–-] ?\d+)*$/.test(content) || (isProse(content) && !/[=+^_\\<>/*|{}]/.test(content))
  );
}

function isMoneyOrShell(content: string): boolean {
  return isProse(content) || AMOUNT.test(withoutTex(content)) || /^\.[A-Za-z]/.test(content);
}

function isProse(content: string): boolean {
  return PROSE.test(withoutTex(content)) || /^ {0,3}(?:#{1,6} |```)/m.test(content);
}

/** Without commands and what stands in their braces, which may well be words. */
function withoutTex(content: string): string {
  return content.replace(/\\[A-Za-z]+\*?|\{[^{}]*\}/g, "");
}
