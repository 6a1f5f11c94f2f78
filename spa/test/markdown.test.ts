import { Lexer } from "marked";
import { describe, expect, test } from "vitest";
import { lex, OPTIONS } from "../src/markdown/lex";
import { AnswerTokenizer } from "../src/markdown/tokenizer";
import { MarkdownView } from "../src/markdown/view";
import { CORPUS, FRAGMENTS, HOSTILE } from "./corpus";
import { cut, pick, seeded } from "./support";
import { writer } from "./writer";

/** Renders pieces, a frame after each, as a slow stream would. */
function streamed(pieces: readonly string[]): HTMLElement {
  const element = document.createElement("div");
  const view = writer(
    element,
    (render) => render(),
    () => undefined,
  );
  for (const piece of pieces) view.append(piece);
  view.close();
  return element;
}

function html(pieces: readonly string[]): string {
  const element = streamed(pieces);
  element.normalize();
  return element.innerHTML;
}

/** Without the frame of sections. */
function inner(source: string): string {
  return [...streamed([source]).children].map((section) => section.innerHTML).join("");
}

/** The blocks that stand in an answer, in order. */
function blocksOf(element: HTMLElement): Element[] {
  return [...element.children].flatMap((section) => [...section.children]);
}

describe("a streamed answer equals the same answer shown at once", () => {
  test.each(Object.entries(CORPUS))("cut in two at every place: %s", (_, source) => {
    const whole = html([source]);
    for (let at = 1; at < source.length; at += 1) {
      expect(
        html([source.slice(0, at), source.slice(at)]),
        JSON.stringify(source.slice(0, at)),
      ).toBe(whole);
    }
  });

  test.each(Object.entries(CORPUS))("one character at a time: %s", (_, source) => {
    expect(html(Array.from(source))).toBe(html([source]));
  });

  test("2,000 random pages at random cuts", () => {
    const random = seeded(7);
    for (let i = 0; i < 2_000; i += 1) {
      const count = 2 + Math.floor(random() * 7);
      const source = Array.from(
        { length: count },
        () => pick(random, FRAGMENTS) + pick(random, ["\n", "\n\n", "\n\n\n", "\n  ", ""]),
      ).join("");
      const pieces = random() < 0.5 ? Array.from(source) : cut(random, source);
      expect(html(pieces), JSON.stringify(source)).toBe(html([source]));
    }
  });
});

test("a block that is complete is not touched again while more text comes", () => {
  const element = document.createElement("div");
  const view = writer(
    element,
    (render) => render(),
    () => undefined,
  );
  view.append("# One\n\nTwo\n\n- three\n\nFour\n\nFive\n\n");
  const before = blocksOf(element).slice(0, 3);
  const observer = new MutationObserver(() => undefined);
  for (const node of before)
    observer.observe(node, { subtree: true, childList: true, characterData: true });
  for (let i = 0; i < 50; i += 1) view.append(`word ${i}\n\n`);
  for (const [i, node] of before.entries()) expect(blocksOf(element)[i]).toBe(node);
  expect(observer.takeRecords()).toEqual([]);
});

test.each(["prose", "lists", "table", "fences", "deep", "headings"])(
  "the end of an answer touches nothing that stands: %s",
  (name) => {
    const element = document.createElement("div");
    const view = writer(
      element,
      (render) => render(),
      () => undefined,
    );
    for (const character of CORPUS[name] ?? "") view.append(character);
    const before = blocksOf(element);
    view.close();
    expect(blocksOf(element)).toHaveLength(before.length);
    for (const [i, node] of before.entries()) expect(blocksOf(element)[i]).toBe(node);
  },
);

test("an open code block grows in place", () => {
  const element = document.createElement("div");
  const view = writer(
    element,
    (render) => render(),
    () => undefined,
  );
  view.append("```js\nlet a");
  const code = element.querySelector("code");
  view.append(" = 1;\nlet b");
  expect(element.querySelector("code")).toBe(code);
  expect(code?.textContent).toBe("let a = 1;\nlet b");
});

test("an open paragraph grows in place", () => {
  const element = document.createElement("div");
  const view = writer(element, (render) => render());
  view.append("It is **true** that");
  const [paragraph] = blocksOf(element);
  const words = paragraph?.lastChild;
  view.append(" it grows, `and how");
  expect(blocksOf(element)).toEqual([paragraph]);
  expect(paragraph?.lastChild).toBe(words);
  view.append("`.");
  expect(blocksOf(element)[0]?.innerHTML).toBe(
    "It is <strong>true</strong> that it grows, <code>and how</code>.",
  );
});

test("a long answer's last words do not wait until it is read once more", async () => {
  const element = document.createElement("div");
  const view = writer(element, (render) => render());
  view.append(`A [link].\n\n${"word ".repeat(10_000)}\n\n---\n\n`);
  view.append("The end.\n\n[link]: https://example.com/");
  view.close();
  expect(element.textContent).toContain("The end.");
  expect(element.querySelector("a")).toBeNull();
  await expect.poll(() => element.querySelector("a")?.href).toBe("https://example.com/");
});

test("a text that does not go on takes the place of what stood there, also of one that was whole", async () => {
  const element = document.createElement("div");
  const view = new MarkdownView(
    element,
    (render) => render(),
    () => undefined,
  );
  const paragraphs = () => [...element.querySelectorAll("p")].map((each) => each.textContent);
  view.show("One.\n\nTwo.\n\nThree");
  view.show("One.\n\nAnother");
  expect(paragraphs()).toEqual(["One.", "Another"]);
  view.show("One.\n\nAnother", true);
  const before = blocksOf(element);
  view.show("One.\n\nAnother", true);
  expect(blocksOf(element)).toEqual(before);
  // It goes on after all; and is long, so that it is read once more only when there is time.
  const long = `Three [x].\n\n${"word ".repeat(10_000)}\n\n[x]: https://example.com/`;
  view.show(long, true);
  view.show("Short.", true);
  view.show(long, true);
  await expect.poll(() => element.querySelector("a")?.href).toBe("https://example.com/");
  expect(paragraphs()).toHaveLength(2);
});

test("text is rendered once per frame, however many deltas came", () => {
  const waiting: (() => void)[] = [];
  const element = document.createElement("div");
  const view = writer(
    element,
    (render) => waiting.push(render),
    () => undefined,
  );
  for (let i = 0; i < 100; i += 1) view.append("a");
  expect(waiting).toHaveLength(1);
  waiting.pop()?.();
  expect(element.textContent).toBe("a".repeat(100));
});

describe("T7: nothing of the model's becomes markup, a script or a request", () => {
  const ALLOWED = new Set(
    "p h3 h4 h5 h6 ul ol li strong em del code pre div span sup a br hr blockquote table thead tbody tr th td input button details summary sub kbd u mark ins s small".split(
      " ",
    ),
  );

  test("raw HTML is shown as the text it is", () => {
    const source =
      '<script>alert(1)</script>\n\n<img src=x onerror="alert(1)">\n\na <b onclick="x()">bold</big> word <svg/onload=alert(1)>';
    const element = streamed([source]);
    expect(element.querySelectorAll("script, img, big, svg")).toHaveLength(0);
    for (const part of [
      "<script>alert(1)</script>",
      '<img src=x onerror="alert(1)">',
      '<b onclick="x()">bold</big>',
      "<svg/onload=alert(1)>",
    ]) {
      expect(element.textContent).toContain(part);
    }
  });

  test("an image is offered as a link and never loaded", () => {
    const link = streamed(["![a tree](https://example.com/tree.png)"]).querySelector("a");
    expect(link?.href).toBe("https://example.com/tree.png");
    expect(link?.textContent).toBe("Image: a tree");
  });

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java&#115;cript:alert(1)",
    "java&#x0A;script:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "http://example.com",
    "//example.com",
    "/relative",
    "file:///etc/passwd",
    "blob:https://a/b",
    "https://user:pass@example.com",
    "https://",
  ])("a link to %s cannot be followed", (address) => {
    expect(streamed([`[label](<${address}>)`]).querySelector("a")).toBeNull();
  });

  test("a link to https or mailto shows where it leads and gives nothing away", () => {
    for (const address of ["https://example.com/a?b=1&amp;c=2", "mailto:a@example.com"]) {
      const link = streamed([`[label](${address})`]).querySelector("a");
      expect(link?.title).toBe(address.replace("&amp;", "&"));
      expect(link?.getAttribute("href")).toBe(link?.title);
      expect(link?.rel).toBe("noopener noreferrer");
      expect(link?.target).toBe("_blank");
    }
  });

  test.each(["href", "src"])("T7: nothing but a link has an address: %s", (name) => {
    for (const source of HOSTILE) {
      for (const node of streamed([source]).querySelectorAll(`[${name}]`)) {
        expect(node.localName, source).toBe("a");
        expect(node.getAttribute(name), source).toMatch(/^(https|mailto):/);
      }
    }
  });

  test("hostile pages hold only known elements, and all their text", () => {
    for (const source of HOSTILE) {
      const element = streamed([source]);
      for (const node of element.querySelectorAll("*")) {
        expect(ALLOWED, source).toContain(node.localName);
        for (const { name } of node.attributes)
          expect(name, source).not.toMatch(/^on|^style$|^src/);
      }
    }
  });

  test("3,000 random pages hold only known elements and no handler or style", () => {
    const random = seeded(70);
    const fragments = [...FRAGMENTS, ...HOSTILE];
    for (let i = 0; i < 3_000; i += 1) {
      const source = Array.from({ length: 6 }, () => pick(random, fragments)).join(
        pick(random, ["\n", "\n\n", " "]),
      );
      for (const node of streamed([source]).querySelectorAll("*")) {
        expect(ALLOWED, source).toContain(node.localName);
        for (const { name } of node.attributes)
          expect(name, source).not.toMatch(/^on|^style$|^src/);
      }
    }
  });
});

test.each(Object.entries(CORPUS))(
  "lexing in two halves is marked's own lexing: %s",
  (_, source) => {
    const ours = lex(source, {});
    const whole = new Lexer({ ...OPTIONS, tokenizer: new AnswerTokenizer() }).lex(source);
    expect(JSON.stringify(whole)).toBe(JSON.stringify(ours.tokens));
  },
);

describe("footnotes", () => {
  const source = "One[^a], two[^b], not [^c].\n\n[^a]: First *note*.\n[^b]: Second.\n";

  test("a mark leads to its note, and a note back to its mark", () => {
    const element = streamed([source]);
    element.className = "markdown";
    document.body.append(element);
    const [mark] = element.querySelectorAll<HTMLElement>("sup button");
    const [note] = element.querySelectorAll<HTMLElement>(".footnote");
    mark?.click();
    expect(document.activeElement).toBe(note);
    note?.querySelector("button")?.click();
    expect(document.activeElement).toBe(mark);
    element.remove();
  });

  test("a mark without a note stays as it was written", () => {
    const element = streamed([source]);
    expect(element.querySelectorAll("sup")).toHaveLength(2);
    expect(element.querySelector("p")?.textContent).toBe("Onea, twob, not [^c].");
    expect(element.querySelector(".footnote")?.textContent).toBe("aFirst note.");
  });
});

test("24 blocks make a section, which is marked once it will not change", () => {
  const element = document.createElement("div");
  const view = writer(
    element,
    (render) => render(),
    () => undefined,
  );
  const whole = () => [...element.children].map((each) => each.className);
  // A paragraph and the blank line behind it are two.
  for (let i = 0; i < 30; i += 1) view.append(`${i}\n\n`);
  expect(whole()).toEqual(["section whole", "section whole", "section"]);
  view.close();
  expect(whole()).toEqual(["section whole", "section whole", "section whole"]);
});

test("each block is finished once, when it is complete", () => {
  const finished: (string | null)[] = [];
  const view = writer(
    document.createElement("div"),
    (render) => render(),
    (block) => finished.push(block.textContent),
  );
  view.append("one\n\ntwo\n\nthree");
  expect(finished).toEqual(["one"]);
  view.append("\n\nfour\n\n");
  expect(finished).toEqual(["one", "two", "three"]);
  view.close();
  expect(finished).toEqual(["one", "two", "three", "four"]);
});

describe("what is shown", () => {
  test.each([
    ["**b** *i* ~~d~~ `c`", "<p><strong>b</strong> <em>i</em> <del>d</del> <code>c</code></p>"],
    [
      "a &amp; b &mdash; c &#x1F30A; &notareference; &constructor;",
      "<p>a &amp; b — c 🌊 &amp;notareference; &amp;constructor;</p>",
    ],
    ["`&amp;` stays", "<p><code>&amp;amp;</code> stays</p>"],
    ["one<br>two", "<p>one<br>two</p>"],
    ["3. three\n4. four", '<ol start="3"><li>three</li><li>four</li></ol>'],
    ["- a\n  - b", "<ul><li>a<ul><li>b</li></ul></li></ul>"],
    ["$x_1 + y_1$ costs $5 and $10", '<p><span class="math">x_1 + y_1</span> costs $5 and $10</p>'],
    [
      "\\(a_b\\) and \\[c\\]",
      '<p><span class="math">a_b</span> and <span class="math">c</span></p>',
    ],
    [
      "$$\na_1\n$$",
      '<div class="formula" tabindex="0" role="group" aria-label="Formula"><span class="math">a_1</span></div>',
    ],
    [
      "[a][b]\n\n[b]: https://example.com/",
      '<p><a href="https://example.com/" title="https://example.com/" target="_blank" rel="noopener noreferrer" data-host="example.com">a</a></p>',
    ],
  ])("%s", (source, expected) => {
    expect(inner(source)).toBe(expected);
  });

  test("headings never skip a level of the page's outline, but look as they were written", () => {
    const found = [
      ...streamed(["### a\n\n# b\n\n#### c\n\n> ## d\n\n###### e"]).querySelectorAll(
        "h3, h4, h5, h6",
      ),
    ];
    expect(found.map((each) => `${each.localName} ${each.className}`)).toEqual([
      "h3 depth-3",
      "h3 depth-1",
      "h4 depth-4",
      "h4 depth-2",
      "h5 depth-6",
    ]);
  });

  test("a task list has named checkboxes that cannot be changed", () => {
    const boxes = [...streamed(["- [x] done\n- [ ] open"]).querySelectorAll("input")];
    expect(boxes.map((box) => [box.checked, box.disabled, box.getAttribute("aria-label")])).toEqual(
      [
        [true, true, "Done"],
        [false, true, "To do"],
      ],
    );
  });

  test("a code block names its language and can be copied", async () => {
    const block = streamed(["```python title=x\nprint(1)\n```"]);
    let copied = "";
    Object.defineProperty(navigator, "clipboard", {
      configurable: true,
      value: {
        async writeText(text: string) {
          copied = text;
        },
      },
    });
    expect(block.querySelector(".code-bar span")?.textContent).toBe("python");
    block.querySelector("button")?.click();
    await Promise.resolve();
    expect(copied).toBe("print(1)");
  });
});
