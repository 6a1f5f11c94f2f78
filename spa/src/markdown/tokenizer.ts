import { Tokenizer, type Tokens } from "marked";

// Full-width and CJK punctuation, and typographic quotes: none of them can stand in an address as it
// is. Letters of any script may: addresses of wikis are written with them.
const AFTER_ADDRESS =
  /[\u2018-\u201f\u2026\u3001-\u3004\u3008-\u3020\u3030\u303d\ufe10-\ufe1f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffee]/;
// A host ends before a letter that no host of ASCII has, unless a dot lets it go on.
const HOST = /^((?:[a-z]+:\/\/|www\.)[A-Za-z0-9.-]*[A-Za-z0-9-])(?=[^\p{ASCII}])/iu;

/** marked's tokenizer, with what people and models mean where CommonMark and GFM say otherwise. */
export class AnswerTokenizer extends Tokenizer {
  /** Two tildes strike through. One is "about", or a range: GFM's own text asks for "one or two". */
  override del(src: string, maskedSrc: string, prevChar?: string): Tokens.Del | undefined {
    return /^~~(?!~)/.test(src) ? super.del(src, maskedSrc, prevChar) : undefined;
  }

  /** A bare address ends where Chinese or Japanese text goes on. */
  override url(src: string): Tokens.Link | undefined {
    const end = src.search(AFTER_ADDRESS);
    const near = end < 0 ? src : src.slice(0, end);
    return super.url(HOST.exec(near)?.[1] ?? near);
  }
}
