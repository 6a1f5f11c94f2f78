import { expect, test } from "vitest";
import type { StoredThread } from "../src/api/stored";
import { brand } from "../src/brand";
import { asJson, asMarkdown, fileName } from "../src/threads/export";
import { repeatedIds } from "./kept";

const CONVERSATION: StoredThread = {
  threadId: "t",
  title: "What is\n25 * 4?",
  createdAt: "2026-11-22T19:00:00.000Z",
  updatedAt: "2026-11-22T19:00:00.000Z",
  runs: [
    {
      runId: "r",
      state: "failed",
      startedAt: "2026-11-22T19:00:00.000Z",
      messages: [
        { id: "q", role: "user", content: "What is 25 * 4?" },
        { id: "h", role: "reasoning", content: "They want a product." },
        {
          id: "a",
          role: "assistant",
          content: "Let me see.",
          toolCalls: [{ id: "c", function: { name: "calculator", arguments: '{"x":1}' } }],
        },
        { id: "t", role: "tool", toolCallId: "c", content: "```\n100" },
        { id: "b", role: "assistant", content: "**100**" },
      ],
      error: { code: "run_limit", message: "The run took too long." },
    },
  ],
};

test("an export as Markdown reads like the conversation, and no text breaks out of its block", () => {
  const text = asMarkdown(CONVERSATION);
  expect(text).toMatch(/^# What is 25 \* 4\?\n\nNov 22, 2026, /);
  expect(text.slice(text.indexOf("## You"))).toBe(
    [
      "## You",
      "What is 25 * 4?",
      `## ${brand.name}`,
      "Let me see.",
      '````\ncalculator({"x":1})\n```\n100\n````',
      "**100**",
      "_The run took too long._\n",
    ].join("\n\n"),
  );
});

test("an export has each call with its own result, also where ids repeat", () => {
  const blocks = asMarkdown({ ...CONVERSATION, runs: [repeatedIds()] }).match(
    /(?<=```\n).+\n(.*\n)?(?=```)/g,
  );
  expect(blocks).toEqual([
    "calculator(1)\none\n",
    "calculator(2)\ntwo\n",
    "calculator(3)\nthree\n",
    "calculator(4)\n",
    "calculator(5)\nfive\n",
  ]);
});

test("ids that repeat across runs stay with the run that has them", () => {
  const runs = ["one", "two", "three"].map((runId) => ({ ...repeatedIds(), runId }));
  const results = asMarkdown({ ...CONVERSATION, runs }).match(/calculator\(\d\)(\n\w+)?/g);
  const each = ["(1)\none", "(2)\ntwo", "(3)\nthree", "(4)", "(5)\nfive"];
  expect(results).toEqual([...each, ...each, ...each].map((told) => `calculator${told}`));
});

test("an export as JSON is the server's own record", () => {
  expect(JSON.parse(asJson(CONVERSATION))).toEqual(CONVERSATION);
});

test.each([
  ["Trains, cars and planes", "Trains, cars and planes.md"],
  ["../../etc/passwd", "etc passwd.md"],
  ['a<b>:"c|d?*', "a b c d.md"],
  ["", "conversation.md"],
  ["...", "conversation.md"],
  ["漢字", "漢字.md"],
  ["x".repeat(300), `${"x".repeat(80)}.md`],
])("a conversation called %j is saved as %j", (title, name) => {
  expect(fileName(title, "md")).toBe(name);
});
