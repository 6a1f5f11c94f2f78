import { type Links, type Rules, Tokenizer, type Tokens } from "marked";
import { CJK_RULES } from "./cjk";
import type { MathToken } from "./math";

// Punctuation outside ASCII, of any script, and blanks of no width: none of it can stand in an address
// as it is. Letters may, and dots and dashes: addresses of wikis are written with them.
const AFTER_ADDRESS =
  /(?![\p{ASCII}\u00b7\u2010-\u2015\u30fb])[\p{P}\u200b\u2060\ufeff\u3004\u3012\u3013\u3020\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffee]/u;
// A host of ASCII, with a dot, ends before a letter of a script that puts no blank between words.
const HOST =
  /^((?:[a-z]+:\/\/|www\.)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?)(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])/iu;

const NOT_ASCII = /^[a-z]+:\/\/(?!\p{ASCII})[\p{L}\p{N}]/iu;

/** marked's tokenizer, with what people and models mean where CommonMark and GFM say otherwise. */
export class AnswerTokenizer extends Tokenizer {
  /** Two tildes strike through. One is "about", or a range: GFM's own text asks for "one or two". */
  override del(src: string, maskedSrc: string, prevChar?: string): Tokens.Del | undefined {
    if (!/^~~(?!~)/.test(src)) return undefined;
    return this.#besideCjk(() => super.del(src, maskedSrc, prevChar));
  }

  /** A line break that stands alone is one, and not the raw HTML that it would be. */
  override html(src: string): Tokens.HTML | undefined {
    return /^ {0,3}<br\s*\/?>/i.test(src) ? undefined : super.html(src);
  }

  /** Footnotes are kept among the references (footnote.ts), but are no links. */
  override reflink(src: string, links: Links): ReturnType<Tokenizer["reflink"]> {
    const token = super.reflink(src, links);
    const isNote = src.startsWith("[^") && token?.type === "link" && token.href === "";
    return isNote ? { type: "text", raw: "[", text: "[" } : token;
  }

  override emStrong(
    src: string,
    maskedSrc: string,
    prevChar?: string,
  ): Tokens.Em | Tokens.Strong | undefined {
    if (src[0] !== "*") return super.emStrong(src, maskedSrc, prevChar);
    return this.#besideCjk(() => super.emStrong(src, maskedSrc, prevChar));
  }

  /**
   * A bare address ends where Chinese or Japanese text goes on. One without a scheme is https: GFM is
   * older, and has http, which the page would not link to.
   */
  override url(src: string): Tokens.Link | undefined {
    const end = src.search(AFTER_ADDRESS);
    const near = end < 0 ? src : src.slice(0, end);
    const link = NOT_ASCII.test(near)
      ? this.#urlOfLetters(near)
      : super.url(HOST.exec(near)?.[1] ?? near);
    if (link && /^www\./i.test(link.raw)) link.href = link.href.replace(/^http:/, "https:");
    return link;
  }

  /** marked asks for one letter of ASCII at a host's start: it gets one, which is taken out again. */
  #urlOfLetters(src: string): Tokens.Link | undefined {
    const start = src.indexOf("//") + 2;
    const without = (text: string) => text.slice(0, start) + text.slice(start + 1);
    const link = super.url(`${src.slice(0, start)}x${src.slice(start)}`);
    if (!link) return undefined;
    const [raw, text, href] = [link.raw, link.text, link.href].map(without) as [
      string,
      string,
      string,
    ];
    return { ...link, raw, text, href, tokens: [{ type: "text", raw: text, text }] };
  }

  /** GitHub's fence for a formula, once it is closed. */
  override fences(src: string): Tokens.Code | undefined {
    const token = super.fences(src);
    const isFormula = token?.lang === "math" && /\n {0,3}(```+|~~~+)[ \t]*\n?$/.test(token.raw);
    if (!isFormula) return token;
    // marked's types know its own tokens alone; any that has a type and its raw text will do.
    const formula: MathToken = {
      type: "math",
      raw: token.raw,
      text: token.text.trim(),
      block: true,
    };
    return formula as unknown as Tokens.Code;
  }

  /** The lexer gives its rules to the tokenizer before each text, so they are changed for a call. */
  #besideCjk<T>(read: () => T): T {
    const rules: Rules = this.rules;
    this.rules = { ...rules, inline: { ...rules.inline, ...CJK_RULES } };
    try {
      return read();
    } finally {
      this.rules = rules;
    }
  }
}
