import type { Token, TokenizerThis, Tokens } from "marked";

/** What `[^name]: text` defines. It stays where it is written. */
export interface FootnoteToken extends Tokens.Generic {
  type: "footnote";
  name: string;
  /** What stands below its first paragraph, indented. */
  rest: Token[];
}

/** `[^name]` in the text, where such a footnote is defined. */
export interface FootnoteMark extends Tokens.Generic {
  type: "footnoteMark";
  name: string;
}

// A first paragraph, which goes on over lines that begin no other block.
const DEFINITION =
  /^ {0,3}\[\^([^\s\]^]{1,64})\]:(?:[ \t]*\n(?= {4}\S|\t)|[ \t]*(\S[^\n]*(?:\n(?![ \t]*(?:[#>*+\-`~|<$=]|\d+[.)]|\[\^))[^\n]*\S[^\n]*)*)(?:\n|$))/;
// Then whatever is indented, with blank lines between.
const REST = /^(?:(?:[ \t]*\n)*(?: {4}|\t)[^\n]*(?:\n|$))+/;
const MARK = /^\[\^([^\s\]^]{1,64})\]/;
const LINE = /\n(?= {0,3}\[\^[^\s\]^]{1,64}\]:)/;

/**
 * The key of a footnote among marked's reference definitions. They are complete before the first
 * inline text is read, and are carried from one stretch of a streamed text to the next.
 */
export function footnoteKey(name: string): string {
  return `^${name.toLowerCase()}`;
}

/** Where a paragraph must end because a definition begins: only at the start of one of its own lines. */
export function startOfFootnote(this: TokenizerThis, text: string): number {
  const blank = text.indexOf("\n\n");
  const line = LINE.exec(blank < 0 ? text : text.slice(0, blank));
  return line ? line.index + 1 : -1;
}

export function startOfFootnoteMark(this: TokenizerThis, text: string): number {
  return text.indexOf("[^");
}

export function footnote(this: TokenizerThis, text: string): FootnoteToken | undefined {
  const match = DEFINITION.exec(text);
  if (!match) return undefined;
  const [first, name = "", content = ""] = match;
  const more = REST.exec(text.slice(first.length))?.[0] ?? "";
  this.lexer.tokens.links[footnoteKey(name)] ??= { href: "", title: "" };
  const rest = this.lexer.blockTokens(more.replace(/^(?: {4}|\t)/gm, ""), []);
  return { type: "footnote", raw: first + more, name, tokens: this.lexer.inline(content), rest };
}

export function footnoteMark(this: TokenizerThis, text: string): FootnoteMark | undefined {
  const [raw, name] = MARK.exec(text) ?? [];
  if (raw === undefined || name === undefined) return undefined;
  if (!Object.hasOwn(this.lexer.tokens.links, footnoteKey(name))) return undefined;
  return { type: "footnoteMark", raw, name };
}
