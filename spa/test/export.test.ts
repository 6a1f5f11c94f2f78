import { expect, test } from "vitest";
import type { StoredRun, StoredThread } from "../src/api/stored";
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

test("an export keeps files: images in their places, and of documents what they are called", () => {
  const refer = (type: string, value: string, mimeType: string, name?: string) => ({
    type,
    source: { type: "file", value, mimeType },
    metadata: { size: 3, ...(name ? { name } : {}) },
  });
  const question = [
    { type: "text", text: "Compare." },
    refer("image", "a", "image/png", "a](x).png"),
    refer("document", "b", "application/pdf", "b.pdf"),
    refer("image", "gone", "image/png", "c.png"),
  ];
  const calls = [{ id: "c", function: { name: "draw", arguments: "{}" } }];
  const messages = [
    { id: "q", role: "user", content: question },
    { id: "m", role: "assistant", content: "", toolCalls: calls },
    {
      id: "t",
      role: "tool",
      toolCallId: "c",
      content: [refer("image", "d", "image/gif"), refer("document", "b", "text/csv", "e.csv")],
    },
  ];
  const whole = {
    ...CONVERSATION,
    runs: [{ ...(CONVERSATION.runs[0] as StoredRun), messages, state: "finished" as const }],
  };
  const files = new Map([
    ["a", { mimeType: "image/png", data: "QQ==" }],
    ["b", { mimeType: "application/pdf", data: "Qg==" }],
    ["d", { mimeType: "image/gif", data: "RA==" }],
  ]);
  const text = asMarkdown(whole, files);
  expect(text.slice(text.indexOf("## You")).split("\n\n").slice(0, 7)).toEqual([
    "## You",
    "Compare.",
    "![a (x).png](data:image/png;base64,QQ==)",
    "[b.pdf]",
    "[c.png]",
    `## ${brand.name}`,
    "```\ndraw({})\n[image/gif]\n[text/csv]\n```",
  ]);
  expect(text).toContain("![](data:image/gif;base64,RA==)\n\n[e.csv]");
  expect(JSON.parse(asJson(whole, files)).files).toEqual(Object.fromEntries(files));
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
