// @vitest-environment node
import { expect, test } from "vitest";
import type { AgentEvent } from "../src/api/events";
import type { StoredPart } from "../src/api/stored";
import { blobOf, fileOf, filesOf, partOf } from "../src/run/files";
import { reduce } from "../src/run/reducer";
import { replay } from "../src/run/replay";
import { EMPTY, type ToolPart } from "../src/run/run-view";

function image(value: string, mimeType = "image/png"): StoredPart {
  return { type: "image", source: { type: "file", value, mimeType } };
}

const PARTS = [
  { type: "text", text: "A chart." },
  image("a"),
  image("b", "image/webp"),
  image("a"),
];

test("an image of a tool is shown live and from the history, and not told in its text", () => {
  const live = [
    { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "draw" },
    { type: "TOOL_CALL_RESULT", toolCallId: "c", content: PARTS },
  ].reduce((view, event) => reduce(view, event as unknown as AgentEvent), EMPTY);
  const messages = [
    { id: "q", role: "user", content: "Draw." },
    {
      id: "m",
      role: "assistant",
      content: "",
      toolCalls: [{ id: "c", function: { name: "draw", arguments: "{}" } }],
    },
    { id: "t", role: "tool", toolCallId: "c", content: PARTS },
  ];
  const startedAt = "2026-11-26T00:00:00Z";
  const stored = replay({ runId: "r", state: "finished", startedAt, messages });
  for (const { parts } of [live, stored]) {
    const tool = parts[0] as ToolPart | undefined;
    expect(tool?.files.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(tool?.result).toBe("A chart.");
  }
});

test.each([
  { type: "image", source: { type: "file", value: "a", mimeType: "image/svg+xml" } },
  { type: "image", source: { type: "url", value: "https://evil.example/a.png" } },
  { type: "image", source: { type: "data", value: "AAAA", mimeType: "image/png" } },
  { type: "document", source: { type: "file", value: "a", mimeType: "image/png" } },
  { type: "image" },
])("what is no image of the conversation's own is never shown as one: %o", (part) => {
  expect(filesOf([part]).filter(({ kind }) => kind === "image")).toEqual([]);
});

test("a part of a message is a file, and a file that part again", () => {
  const source = { type: "file", value: "a", mimeType: "application/pdf" };
  const part = { type: "document", source, metadata: { size: 7, name: "a.pdf" } };
  const file = fileOf(part);
  expect(file).toEqual({
    id: "a",
    kind: "document",
    mimeType: "application/pdf",
    name: "a.pdf",
    size: 7,
  });
  expect(file && partOf(file)).toEqual(part);
  expect(filesOf([part, image("b"), part]).map(({ id }) => id)).toEqual(["a", "b"]);
  expect([filesOf("words"), filesOf(undefined)]).toEqual([[], []]);
});

test("a file keeps its type only if it is of a kind that runs nothing", async () => {
  const blob = blobOf({ mimeType: "image/png", data: btoa("\x89PNG") });
  expect([blob.type, blob.size]).toEqual(["image/png", 4]);
  for (const mimeType of ["image/svg+xml", "text/html", "application/pdf"])
    expect(blobOf({ mimeType, data: "" }).type).toBe("application/octet-stream");
  expect(() => blobOf({ mimeType: "image/png", data: "%%%" })).toThrow();
});
