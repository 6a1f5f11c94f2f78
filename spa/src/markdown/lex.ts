import { Lexer, type Links, type MarkedOptions, type Token } from "marked";
import { blockMath, inlineMath, startOfBlockMath, startOfInlineMath } from "./math";

const OPTIONS: MarkedOptions = {
  gfm: true,
  extensions: {
    block: [blockMath],
    inline: [inlineMath],
    startBlock: [startOfBlockMath],
    startInline: [startOfInlineMath],
    childTokens: {},
    renderers: {},
  },
};

export interface Lexed {
  readonly tokens: Token[];
  /** The reference definitions known at the end of the text. */
  readonly links: Links;
}

/**
 * Splits markdown into marked's tokens.
 *
 * @param links the reference definitions of the text before this one
 */
export function lex(text: string, links: Links): Lexed {
  // Each lexer writes its tokenizer into the options it is given, and so must not share them.
  const lexer = new Lexer({ ...OPTIONS });
  Object.assign(lexer.tokens.links, links);
  return { tokens: lexer.lex(text), links: lexer.tokens.links };
}
