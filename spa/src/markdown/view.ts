import type { Links, Token, Tokens } from "marked";
import { whenIdle } from "../browser/scheduler";
import { citationsIn } from "../run/citations";
import { growBlock, OUTLINE_START, type Outline, renderBlock } from "./blocks";
import { addElement } from "./dom";
import { enrich } from "./enrich";
import { type FootnoteToken, footnoteKey } from "./footnote";
import { lex, lexBlocks } from "./lex";
import { linkMarks } from "./marks";
import { beforePaint } from "./schedule";

/**
 * So many blocks share a section, which the browser lays out only while it is near the view (styles/
 * markdown.css). Measured: 24 cost least at 200 kB.
 */
const SECTION = 24;

/** A longer text is read once more only when there is time, so that its last words are not kept waiting. */
const SHORT = 32_000;

/** A block that stands on the page. */
interface Block {
  readonly token: Token;
  readonly node: HTMLElement | undefined;
  /** The outline's level after it. */
  readonly level: number;
  /** True once it was given its colours and formulas, and is not to change. */
  complete: boolean;
}

/**
 * Markdown that is shown while it is written.
 *
 * A block that is complete is parsed once and never touched again; only the open blocks at the end
 * are lexed again, at most once per frame, and of those only the nodes whose source changed are made
 * anew. So the work per frame does not grow with the answer.
 *
 * @param element where the blocks go
 * @param schedule runs a function before the next paint
 * @param finish is given each block's node once the block is complete
 * @param sources those that the text may cite by now, as they were told
 */
export class MarkdownView {
  readonly #element: HTMLElement;
  readonly #schedule: (render: () => void) => unknown;
  readonly #finish: (block: HTMLElement) => void;
  readonly #sources: () => readonly unknown[];
  #sections: HTMLElement[] = [];
  /** What is shown. */
  #text = "";
  /** What is to be shown at the next paint. */
  #next = "";
  /** All blocks, in order; the first of them are settled. */
  #blocks: Block[] = [];
  #settled = 0;
  /** The text from the first block that is not settled. */
  #tail = "";
  /** The reference definitions in settled blocks. */
  #links: Links = {};
  #scheduled = false;
  /** The text is whole. */
  #closed = false;
  #isReadAgain = false;

  constructor(
    element: HTMLElement,
    schedule: (render: () => void) => unknown = beforePaint,
    finish = enrich,
    sources: () => readonly unknown[] = () => [],
  ) {
    this.#element = element;
    this.#schedule = schedule;
    this.#finish = finish;
    this.#sources = sources;
  }

  /**
   * Shows a text: the one that stands there with more at its end, or another in its place.
   *
   * @param isWhole nothing more comes
   */
  show(text: string, isWhole = false): void {
    if (this.#closed) {
      if (isWhole && text === this.#text) return;
      this.#startOver();
    }
    // Looked at once per frame: to compare and cut a text that grows by pieces, it has to be joined.
    this.#next = text;
    if (isWhole) this.#close();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#schedule(() => {
        this.#scheduled = false;
        if (!this.#closed) this.#render();
      });
    }
  }

  #render(): void {
    const text = this.#next;
    const { length } = this.#text;
    // Measured at 100 kB: 0.06 ms with the joining of what has grown; 0.5 ms by startsWith.
    if (text.slice(0, length) !== this.#text) this.#startOver();
    if (text.length === this.#text.length) return;
    this.#tail += text.slice(this.#text.length);
    this.#text = text;
    this.#renderTail();
  }

  #close(): void {
    this.#render();
    this.#closed = true;
    if (this.#text.length <= SHORT) this.#readAgain();
    else whenIdle(() => this.#readAgain());
  }

  #startOver(): void {
    this.#element.replaceChildren();
    this.#sections = [];
    this.#text = "";
    this.#blocks = [];
    this.#settled = 0;
    this.#tail = "";
    this.#links = {};
    this.#closed = false;
    this.#isReadAgain = false;
  }

  /**
   * Reads the whole once more, and makes anew what stands differently now that the end is known: uses
   * of a reference that was defined below them, and the rare block that settled too early.
   */
  #readAgain(): void {
    // It may have started over in the meantime.
    if (!this.#closed || this.#isReadAgain) return;
    this.#isReadAgain = true;
    const { tokens, links, fill } = lexBlocks(this.#text, {});
    // A use's source is the same with its definition and without, so that comparing would keep it.
    if (Object.keys(links).length > 0) this.#removeFrom(0);
    const blocks = this.#blocks;
    const stands =
      tokens.length === blocks.length &&
      tokens.every((each, i) => sameSource(blocks[i]?.token, each));
    if (!stands) {
      fill();
      this.#patch(tokens, 0);
    }
    this.#complete(blocks.length);
    this.#blocks = [];
  }

  #renderTail(): void {
    // A CR at the end may be half of a CRLF: it waits.
    const source = this.#tail.replace(/\r\n|\r(?!$)/g, "\n");
    const { tokens } = lex(source, this.#links);
    this.#patch(tokens, this.#settled);
    this.#settle(tokens, source);
  }

  /** Brings the blocks from a place on in line with the tokens. Blocks whose source is the same stay. */
  #patch(tokens: readonly Token[], from: number): void {
    let same = 0;
    while (same < tokens.length && sameSource(this.#blocks[from + same]?.token, tokens[same]))
      same += 1;
    const outline: Outline = { level: this.#blocks[from + same - 1]?.level ?? OUTLINE_START };
    const grown = this.#blocks[from + same];
    const token = tokens[same];
    if (grown?.node && token && growBlock(grown.node, grown.token, token, outline)) {
      const { node } = grown;
      this.#blocks[from + same] = { token, node, level: outline.level, complete: false };
      same += 1;
    }
    this.#removeFrom(from + same);
    for (const added of tokens.slice(same)) {
      const node = renderBlock(added, outline);
      if (node) this.#section(this.#blocks.length).append(node);
      this.#blocks.push({ token: added, node, level: outline.level, complete: false });
    }
  }

  /** The section of the block at a place, made when it is not there. A block never moves to another. */
  #section(place: number): HTMLElement {
    const number = Math.floor(place / SECTION);
    const known = this.#sections[number];
    if (known) return known;
    const made = addElement(this.#element, "div", "section");
    this.#sections[number] = made;
    return made;
  }

  #removeFrom(place: number): void {
    for (const gone of this.#blocks.splice(place)) gone.node?.remove();
    while (this.#sections.at(-1)?.childElementCount === 0) this.#sections.pop()?.remove();
  }

  /** Says that the blocks before a place will not change. */
  #complete(place: number): void {
    let first = place;
    while (this.#blocks[first - 1]?.complete === false) first -= 1;
    const titles = new Map(citationsIn(this.#sources()).map((each) => [each.number, each.title]));
    for (const block of this.#blocks.slice(first, place)) {
      block.complete = true;
      if (!block.node) continue;
      this.#finish(block.node);
      if (titles.size > 0) linkMarks(block.node, (number) => titles.get(number));
    }
    const whole = this.#closed ? this.#sections.length : Math.floor(place / SECTION);
    // A short answer is let be: its message is contained as a whole.
    if (this.#sections.length > 1)
      // forEach passes over the place of a section that shows nothing.
      this.#sections.slice(0, whole).forEach((section) => {
        section.classList.add("whole");
      });
  }

  /**
   * Lets go of the blocks that no further text should change. The last block is open. Whether the one
   * before it really ends there depends on what the last one turns out to be (a table's second line,
   * the "2" of a list's next item), so that one stays open too.
   */
  #settle(tokens: readonly Token[], source: string): void {
    let open = tokens.length - 2;
    while (open > 0 && tokens[open]?.type === "space") open -= 1;
    if (open <= 0) return;
    let length = 0;
    for (const token of tokens.slice(0, open)) {
      length += token.raw.length;
      if (token.type === "def") {
        const { tag, href, title } = token as Tokens.Def;
        // The first definition of a name counts.
        this.#links = { [tag]: { href, title }, ...this.#links };
      } else if (token.type === "footnote") {
        const key = footnoteKey((token as FootnoteToken).name);
        this.#links = { [key]: { href: "", title: "" }, ...this.#links };
      }
    }
    this.#tail = source.slice(length);
    this.#settled += open;
    this.#complete(this.#settled);
  }
}

function sameSource(before: Token | undefined, after: Token | undefined): boolean {
  return before !== undefined && before.raw === after?.raw && before.type === after.type;
}
