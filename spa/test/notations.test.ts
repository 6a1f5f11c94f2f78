import { Lexer } from "marked";
import { describe, expect, test } from "vitest";
import { AnswerTokenizer } from "../src/markdown/tokenizer";
import { pick, seeded } from "./support";
import { writer } from "./writer";

function shown(source: string, pieces: readonly string[] = [source]): HTMLElement {
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

function texts(source: string, selector: string): (string | null)[] {
  const found = [...shown(source).querySelectorAll(selector)].map((node) => node.textContent);
  // However it was cut while it was written.
  for (let at = 1; at < source.length; at += 1) {
    const element = shown(source, [source.slice(0, at), source.slice(at)]);
    const there = [...element.querySelectorAll(selector)].map((node) => node.textContent);
    expect(there, JSON.stringify(source.slice(0, at))).toEqual(found);
  }
  return found;
}

test.each([
  ["5~10 minutes, or 20~30 with ~~cold~~ warm water, 1~2 litres", ["cold"]],
  ["~one~ and ~~two~~ and ~~~three~~~", ["two"]],
  ["~~**bold** and `code`~~ after", ["bold and code"]],
  ["~~open", []],
  ["在~~这里~~写，约5~10分钟", ["这里"]],
  ["~/bin and ~/lib", []],
])("two tildes strike through, and one does not: %s", (source, struck) => {
  expect(texts(source, "del")).toEqual(struck);
});

test.each([
  ["详见 https://example.com/docs（中文说明），再看", ["https://example.com/docs"]],
  ["首页是 https://example.com/。谢谢！", ["https://example.com/"]],
  ["看https://example.com/a?b=1，或。", ["https://example.com/a?b=1"]],
  [
    "「https://example.com/x」と https://example.com/y、です",
    ["https://example.com/x", "https://example.com/y"],
  ],
  ["访问https://example.com查看", ["https://example.com"]],
  ["https://zh.wikipedia.org/wiki/中文 is one", ["https://zh.wikipedia.org/wiki/中文"]],
  [
    "انظر https://a.example/b، ثم https://c.example/d؟",
    ["https://a.example/b", "https://c.example/d"],
  ],
  ["देखें https://a.example/b। «https://c.example/d»", ["https://a.example/b", "https://c.example/d"]],
  [
    "https://münchen.example/x and https://www.müller.example/ stay",
    ["https://münchen.example/x", "https://www.müller.example/"],
  ],
  [
    "https://en.wikipedia.org/wiki/Euler–Maclaurin_formula is one",
    ["https://en.wikipedia.org/wiki/Euler–Maclaurin_formula"],
  ],
  ["https://example.com:8080를 보세요", ["https://example.com:8080"]],
  [
    "見る：https://例え.jp/パス。http://例え.jp は開けない。(https://пример.example/a)",
    ["https://例え.jp/パス", "https://пример.example/a"],
  ],
  ["写信到 me@example.com。", ["me@example.com"]],
  [
    "“https://example.com/q” and (https://example.com/p).",
    ["https://example.com/q", "https://example.com/p"],
  ],
  ["[文档](https://example.com/a，b)", ["文档"]],
])("a bare address ends before what cannot be part of it: %s", (source, links) => {
  expect(texts(source, "a")).toEqual(links);
});

test.each([
  ["**重要提示：**请先保存文件。", ["重要提示："]],
  ["ここで**「確認」**を押します。**価格（税込）**は千円です。", ["「確認」", "価格（税込）"]],
  ["请点击**“保存”**按钮", ["“保存”"]],
  ["이것은 **강조(强調)**입니다.", ["강조(强調)"]],
  ["这是**重要**的，这也是**“很”重要**。", ["重要", "“很”重要"]],
  ["使用**`code`**函数和**[链接](https://example.com)**吧", ["code", "链接"]],
  ["**The end.** And more, a**b**c, 2 ** 3 ** 4, ** no **.", ["The end.", "b"]],
  ["foo**(bar)**baz is left alone", []],
  ["**注意：** 下一步。", ["注意："]],
])("bold words may touch Chinese, Japanese and Korean: %s", (source, bold) => {
  expect(texts(source, "strong")).toEqual(bold);
});

test.each([
  ["ここで*「確認」*を押す。", ["「確認」"]],
  ["*“引用”*和*强调。*后面", ["“引用”", "强调。"]],
])("and so may emphasis: %s", (source, emphasised) => {
  expect(texts(source, "em")).toEqual(emphasised);
});

test("Latin text is read as marked reads it", () => {
  const random = seeded(3);
  const parts = ["a", "*", "**", "_", " ", "(", ")", ".", "`x`", "[b](https://c.d)", '"', "!"];
  for (let i = 0; i < 20_000; i += 1) {
    const source = Array.from({ length: 3 + Math.floor(random() * 8) }, () => pick(random, parts));
    const text = `x${source.join("")}`;
    const lexer = new Lexer({ gfm: true, tokenizer: new AnswerTokenizer() });
    expect(lexer.lex(text), text).toEqual(new Lexer({ gfm: true }).lex(text));
  }
});

test("and struck words", () => {
  expect(texts("原价~~「100元」~~现在是", "del")).toEqual(["「100元」"]);
});

test.each([
  "One costs $5 and the other $10.",
  "It was 1000$/month and is 2000$/month.",
  `Set PATH=$HOME/bin:$PATH first, then echo $A$B or $\{A}$\{B}.`,
  "They are 5$-10$ a piece, US$5 to US$7, R$5/R$6, $100k-$200k, $1,000 to $2,000.",
  "Pay $5 (or 5$), $5/month or $50/year; $HOME and 5$.",
  "Use $.each/$.map, or a $ alone, or $5 only.",
  "| a | b |\n|---|---|\n| $5 | $10 |",
  "- $5\n- $6",
  "**$5** and **$6**",
])("money and variables are no formulas: %s", (source) => {
  expect(texts(source, ".math")).toEqual([]);
});

describe("formulas", () => {
  test.each([
    [
      "Let $x$ be, $E=mc^2$, the $n$th, the $x_1$-axis, 設$y$的, ($z$).",
      ["x", "E=mc^2", "n", "x_1", "y", "z"],
    ],
    ["It costs $5 and $x = 3$ holds.", ["x = 3"]],
    ["So \\(a + b\n= c\\) holds, and \\[d\\] too.", ["a + b\n= c", "d"]],
    ["In a line $$e^{i\\pi} = -1$$ it stands.", ["e^{i\\pi} = -1"]],
    ["$$ \\text{price} = \\$5 \\cdot n $$", ["\\text{price} = \\$5 \\cdot n"]],
    ["$$\na = b\n\n+ c\n$$\n\nend", ["a = b\n\n+ c"]],
    ["\\[\na = b\n\n+ c\n\\]\n\nend", ["a = b\n\n+ c"]],
    ["$$\na = 1\n$$\n\nAnd then some more words.\n\n$$\nb = 2\n$$", ["a = 1", "b = 2"]],
    [
      "\\begin{align}\na &= b \\\\\nd &= e\n\\end{align}",
      ["\\begin{align}\na &= b \\\\\nd &= e\n\\end{align}"],
    ],
    [
      "So\n\\begin{pmatrix}1\\\\2\\end{pmatrix}\nis a vector.",
      ["\\begin{pmatrix}1\\\\2\\end{pmatrix}"],
    ],
    ["So \\(a \\\\) b\\) and \\[c \\\\[2pt] d\\]", ["a \\\\) b", "c \\\\[2pt] d"]],
    ["GitHub's $`a_b`$, \\(total cost = 5\\), $5–$10 and $x^2$", ["a_b", "total cost = 5", "x^2"]],
    ["With \\begin{cases}1\\end{cases} inside.", ["\\begin{cases}1\\end{cases}"]],
    ["- item\n\n  $$\n  x\n  $$\n- \\(y\\)\n\n> \\[z\\]", ["x", "y", "z"]],
    ["| a |\n|---|\n| $x$ |", ["x"]],
    ["```math\nx^2\n```\n\n- a\n  ~~~math\n  y\n  ~~~\n", ["x^2", "y"]],
  ])("in four notations, and environments by themselves: %s", (source, formulas) => {
    expect(texts(source, ".math")).toEqual(formulas);
  });

  test.each([
    "$$\nnever closed\n\nsome words follow here\n\n# And a heading\n\n$$",
    "a \\( b",
    "\\[1\\] Smith, 2020. \\[2, 3\\] Jones. \\[4–6\\]",
    "\\(see above\\) and f\\(bar, baz\\)",
    "\\@\\[\\\\\\]\\^",
    "\\begin{verbatim}\nx\n\\end{verbatim}",
    "`$x$` and `\\(y\\)`",
    "```\n$$\nx\n$$\n```",
    "```mathematica\nx\n```\n\n```math\nnever closed",
  ])("not where a sign stands alone, or in code: %s", (source) => {
    expect(texts(source, ".math")).toEqual([]);
  });
});

test.each([
  ["H<sub>2</sub>O and c<sup>2</sup>", "H<sub>2</sub>O and c<sup>2</sup>"],
  ["**H<sub>2</sub>O**", "<strong>H<sub>2</sub>O</strong>"],
  [
    "<kbd>Ctrl</kbd>+<KBD>C</KBD>, <u>a <mark>b</mark></u>",
    "<kbd>Ctrl</kbd>+<kbd>C</kbd>, <u>a <mark>b</mark></u>",
  ],
  ['<mark style="x" onclick="y">a</mark>', "<mark>a</mark>"],
  ["<sub>open and <sup>crossed</sub>", "&lt;sub&gt;open and &lt;sup&gt;crossed&lt;/sub&gt;"],
  ["a</sub> <big>b</big> <img src=x>", "a&lt;/sub&gt; &lt;big&gt;b&lt;/big&gt; &lt;img src=x&gt;"],
  [
    "<b>bold</b>, <I>x</I> and <code>*y*</code>",
    "<b>bold</b>, <i>x</i> and &lt;code&gt;<em>y</em>&lt;/code&gt;",
  ],
  ["<br>", "<br>"],
  ["<br/>\n**bold**", "<br>\n<strong>bold</strong>"],
  ["one<br>two<BR/>three", "one<br>two<br>three"],
  ["`<sub>2</sub>`", "<code>&lt;sub&gt;2&lt;/sub&gt;</code>"],
])("a few tags are drawn, without attributes, and all others are text: %s", (source, html) => {
  const paragraph = (pieces: string[]) => {
    const element = shown(source, pieces);
    element.normalize();
    return element.querySelector("p")?.innerHTML;
  };
  expect(paragraph([source])).toBe(html);
  expect(paragraph(Array.from(source))).toBe(html);
});

test.each([
  ["[![build](https://ci.example/b.svg)](https://ci.example/)", "Image: build", 1],
  [
    "![a *tree* and `code` &amp; [leaf](https://a.example)](https://b.example/x.png)",
    "Image: a tree and code & leaf",
    1,
  ],
  ["[*![moon](moon.jpg)*](https://a.example/)", "Image: moon", 1],
  ["[see <https://b.example>](https://a.example/)", "see https://b.example", 1],
  ["www.example.com", "www.example.com", 1],
  ["[x](https://a.example\\\\@b.example)", "x (https://a.example\\@b.example)", 0],
])("a link is one link, and an image in it is words: %s", (source, words, links) => {
  const element = shown(source);
  expect(element.textContent).toBe(words);
  expect(element.querySelectorAll("a")).toHaveLength(links);
  expect(element.querySelector("a a")).toBeNull();
});

test("an address without a scheme is https", () => {
  const [link] = shown("See www.example.com/a, or http://www.example.com/b.").querySelectorAll("a");
  expect(link?.href).toBe("https://www.example.com/a");
});

test("a thousand tags that are not closed, or stand within each other, do no harm", () => {
  expect(shown("<sub>".repeat(1_000)).textContent).toBe("<sub>".repeat(1_000));
  const deep = shown(`${"<sup>".repeat(1_000)}x${"</sup>".repeat(1_000)}`);
  expect(deep.querySelectorAll("sup").length).toBeLessThan(10);
});

test("details fold, with markdown inside, and are open while they are written", () => {
  const source =
    "Before\n<details>\n<summary>The *steps*</summary>\n\n- one\n- two\n\n</details>\n\nAfter";
  const element = shown(source, Array.from(source));
  expect(element.innerHTML).toBe(shown(source).innerHTML);
  const details = element.querySelector("details");
  expect(details?.open).toBe(false);
  expect(details?.querySelector("summary")?.innerHTML).toBe("The <em>steps</em>");
  expect(details?.querySelectorAll("li")).toHaveLength(2);
  expect(element.textContent).toContain("After");
  expect(details?.textContent).not.toContain("After");
  expect(shown("<details><summary>A</summary>\n\nwords").querySelector("details")?.open).toBe(true);
  expect(
    shown("<details>\n\n<details>\nb\n</details>\n</details>\n").querySelectorAll("details"),
  ).toHaveLength(2);
});

describe("footnotes", () => {
  test.each([
    ["A[^1].\n\n[^1]: One.\n\n    Two.\n\nThree.", ["One.", "Two."]],
    [
      "A[^n].\n\n[^n]: One\ngoes on.\n\n\tTwo.\n\n    Three.\n",
      ["One\ngoes on.", "Two.", "Three."],
    ],
    ["A[^1] and B[^2].\n\n[^1]: One.\n\n    More.\n[^2]: Two.", ["One.", "More.", "Two."]],
    ["A[^1].\n\n[^1]:\n    Below.", ["Below."]],
    ["A[^1].\n\n[^1]:No blank.", ["No blank."]],
    ["A[^1] and B[^2].\n[^1]: At once.\n[^2]: So too.", ["At once.", "So too."]],
  ])("have as many paragraphs as are indented: %s", (source, paragraphs) => {
    expect(texts(source, ".footnote p")).toEqual(paragraphs);
  });

  test("hold lists and code", () => {
    const note = shown("A[^1].\n\n[^1]: One.\n\n    - item\n\n    ```\n    x = 1\n    ```\n\nEnd.");
    expect(note.querySelector(".footnote li")?.textContent).toBe("item");
    expect(note.querySelector(".footnote code")?.textContent).toContain("x = 1");
    expect(note.querySelector(".footnote")?.textContent).not.toContain("End.");
  });

  test("are marked wherever they are used, before a colon and in a table too", () => {
    const marks = "As said[^1]: this[^1].\n\n| a[^1] |\n|---|\n| b[^1] |\n\n[^1]: Note.";
    expect(texts(marks, "sup")).toEqual(["1", "1", "1", "1"]);
    expect(texts(marks, "a, .dead-link")).toEqual([]);
    expect(texts("None[^x]: here[^y].", "sup, a, .dead-link")).toEqual([]);
  });
});

test("emoji of several characters, flags and keycaps stay, and their names are text", () => {
  const source = "👨‍👩‍👧 🇩🇪 1️⃣ *️⃣ :smile: **👍🏽**";
  for (const pieces of [[source], source.split("")])
    expect(shown(source, pieces).querySelector("p")?.innerHTML.normalize()).toBe(
      "👨‍👩‍👧 🇩🇪 1️⃣ *️⃣ :smile: <strong>👍🏽</strong>",
    );
});

test("named characters are those of HTML's list", () => {
  const names =
    "eacute Auml szlig ntilde Ccedil yuml nbsp times divide frac34 alpha sigmaf Omega pi rarr";
  const source = names.replace(/\w+/g, "&$&;");
  const html = document.createElement("p");
  html.innerHTML = source;
  expect(shown(source).textContent).toBe(html.textContent);
});
