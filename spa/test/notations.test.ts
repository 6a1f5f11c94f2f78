import { describe, expect, test } from "vitest";
import { MarkdownView } from "../src/markdown/view";

function shown(source: string, pieces: readonly string[] = [source]): HTMLElement {
  const element = document.createElement("div");
  const view = new MarkdownView(
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
    const again = [...element.querySelectorAll(selector)].map((node) => node.textContent);
    expect(again, JSON.stringify(source.slice(0, at))).toEqual(found);
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
    ["With \\begin{cases}1\\end{cases} inside.", ["\\begin{cases}1\\end{cases}"]],
    ["- item\n\n  $$\n  x\n  $$\n- \\(y\\)\n\n> \\[z\\]", ["x", "y", "z"]],
    ["| a |\n|---|\n| $x$ |", ["x"]],
  ])("in four notations, and environments by themselves: %s", (source, formulas) => {
    expect(texts(source, ".math")).toEqual(formulas);
  });

  test.each([
    "$$\nnever closed\n\nsome words follow here\n\n# And a heading\n\n$$",
    "a \\( b",
    "\\begin{verbatim}\nx\n\\end{verbatim}",
    "`$x$` and `\\(y\\)`",
    "```\n$$\nx\n$$\n```",
  ])("not where a sign stands alone, or in code: %s", (source) => {
    expect(texts(source, ".math")).toEqual([]);
  });
});
