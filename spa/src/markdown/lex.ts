import { Lexer, type Links, type MarkedOptions, type Token } from "marked";
import { details, startOfDetails } from "./details";
import { footnote, footnoteMark, startOfFootnote, startOfFootnoteMark } from "./footnote";
import { blockMath, inlineMath, startOfBlockMath, startOfInlineMath } from "./math";
import { AnswerTokenizer } from "./tokenizer";

export const OPTIONS: MarkedOptions = {
  gfm: true,
  extensions: {
    block: [blockMath, footnote, details],
    inline: [inlineMath, footnoteMark],
    startBlock: [startOfBlockMath, startOfFootnote, startOfDetails],
    startInline: [startOfInlineMath, startOfFootnoteMark],
    childTokens: {},
    renderers: {},
  },
};

export interface Lexed {
  readonly tokens: Token[];
  /** The reference definitions known at the end of the text, footnotes among them. */
  readonly links: Links;
}

/**
 * Splits markdown into marked's tokens.
 *
 * @param links the reference definitions of the text before this one
 */
export function lex(text: string, links: Links): Lexed {
  const lexed = lexBlocks(text, links);
  lexed.fill();
  return lexed;
}

/** The same without what is inside the blocks, which `fill` adds: half the work, to compare them. */
export function lexBlocks(text: string, links: Links): Lexed & { fill(): void } {
  // Each lexer writes its tokenizer into the options it is given, and so must not share them.
  const lexer = new Lexer({ ...OPTIONS, tokenizer: new AnswerTokenizer() });
  Object.assign(lexer.tokens.links, links);
  // As Lexer.lex does it, in two halves; a test compares.
  const tokens = lexer.blockTokens(text.replace(/\r\n|\r/g, "\n"), lexer.tokens);
  return {
    tokens,
    links: lexer.tokens.links,
    fill() {
      for (const { src, tokens } of lexer.inlineQueue.splice(0)) lexer.inlineTokens(src, tokens);
    },
  };
}
