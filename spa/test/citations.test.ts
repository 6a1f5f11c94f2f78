import { expect, test } from "vitest";
import { MarkdownView } from "../src/markdown/view";
import { type Citation, citationsIn, citedIn } from "../src/run/citations";
import { replay } from "../src/run/replay";
import { asMarkdown } from "../src/threads/export";

const TOLD = [
  { number: 1, title: "travel.md", text: "A night may cost 180 euros." },
  { number: 2, title: "A page", url: "https://example.com/a" },
  { number: 12, title: "holidays.md" },
];
const SOURCES = citationsIn(TOLD);

/** A text as it stands on the page, with the sources of `TOLD`. */
function shown(text: string, told: readonly unknown[] = TOLD): HTMLElement {
  const element = document.createElement("div");
  new MarkdownView(
    element,
    (render) => render(),
    () => undefined,
    () => told,
  ).show(text, true);
  return element;
}

function numbersIn(element: HTMLElement): (string | undefined)[] {
  return [...element.querySelectorAll<HTMLElement>("button.cite")].map(
    (each) => each.dataset.number,
  );
}

test("T7 what a server tells of a source is read as text, and only https leads anywhere", () => {
  const told = [
    { number: 1, title: "<b>a</b>", url: "javascript:alert(1)" },
    { number: 2, title: "b", text: 7, url: "http://example.com" },
    { number: "3", title: "c" },
    { number: 4 },
    null,
    "5",
    { number: 6, title: "d", url: "https://" },
  ];
  const none: Pick<Citation, "text" | "url"> = { text: "", url: "" };
  expect(citationsIn(told)).toEqual([
    { number: 1, title: "<b>a</b>", ...none },
    { number: 2, title: "b", ...none },
    { number: 6, title: "d", ...none },
  ]);
  expect(shown("So [1].", told).querySelector("b")).toBeNull();
});

test("only what is cited is listed, in the order of its numbers", () => {
  const cited = (text: string) => citedIn(text, SOURCES).map(({ number }) => number);
  expect(cited("First [12], then [1][12].")).toEqual([1, 12]);
  expect(cited("Both [1, 2].")).toEqual([1, 2]);
  expect(cited("See [3], [0], [1a] and 1.")).toEqual([]);
});

test("a number in the text becomes a button that names its source, and the words stay", () => {
  const element = shown("A night costs **180 euros [1]**.\n\n- one [1, 12]\n- none [7]");
  expect(numbersIn(element)).toEqual(["1", "1", "12"]);
  expect(element.querySelector<HTMLElement>(".cite")?.title).toBe("travel.md");
  expect(element.textContent).toContain("180 euros [1].");
  expect(element.textContent).toContain("none [7]");
});

test.each(["`a[1]`", "    a[1]", "```\na[1]\n```", "[see [1]](https://example.com)", "$a[1]$"])(
  "code, links and formulas are left as they are: %s",
  (text) => {
    expect(numbersIn(shown(text))).toEqual([]);
  },
);

test("without sources nothing is looked for", () => {
  expect(numbersIn(shown("a[1]", []))).toEqual([]);
});

const RUN = {
  runId: "r",
  state: "finished" as const,
  startedAt: "2026-11-27T19:00:00.000Z",
  messages: [
    { id: "q", role: "user", content: "How much?" },
    {
      id: "a",
      role: "assistant",
      content: "At most 180 euros [1], see [2].",
      metadata: { citations: TOLD },
    },
  ],
};

test("a stored answer has its sources", () => {
  expect(replay(RUN).citations).toEqual(TOLD);
});

test("an export keeps the sources that are cited", () => {
  const times = { createdAt: RUN.startedAt, updatedAt: RUN.startedAt };
  const text = asMarkdown({ threadId: "t", title: "Hotels", ...times, runs: [RUN] });
  expect(text).toContain(
    "**Sources**\n\n- [1] travel.md: “A night may cost 180 euros.”\n- [2] A page <https://example.com/a>",
  );
  expect(text).not.toContain("holidays.md");
});
