// @vitest-environment node
// @vitest-environment node
import { expect, test } from "vitest";
import { createFrameDecoder, type Frame } from "../src/api/frames";
import { cut, pick, seeded } from "./support";

/** The HTML standard's "Parsing an event stream", done at once on the whole text. */
function reference(bytes: Uint8Array): Frame[] {
  const found: Frame[] = [];
  let data: string[] = [];
  let lastId: string | undefined;
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\n|\r/);
  // What follows the last line end is no line.
  for (const line of lines.slice(0, -1)) {
    if (line === "") {
      if (data.length > 0) found.push({ id: lastId, data: data.join("\n") });
      data = [];
      lastId = undefined;
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    if (field === "id" && !value.includes("\0")) lastId = value;
  }
  return found;
}

function decode(pieces: readonly Uint8Array[]): Frame[] {
  const found: Frame[] = [];
  const decoder = createFrameDecoder((frame) => found.push(frame));
  for (const piece of pieces) decoder.push(piece);
  return found;
}

const LINES = [
  'data: {"a":1}',
  "data:x",
  "data",
  "data: ",
  "data:  two",
  "data: é🌊",
  "id: 7",
  "id",
  "event: message",
  "event: other",
  ": heartbeat",
  ":",
  "retry: 10",
  "retry: no",
  "unknown: field",
  "data: \u2028\u0085",
  "   ",
  "data: [DONE]",
];

test("F8: 10,000 random streams, cut anywhere, give the frames of a reference parser", () => {
  const random = seeded(8);
  const encoder = new TextEncoder();
  for (let i = 0; i < 10_000; i += 1) {
    const end = pick(random, ["\n", "\r\n", "\r"]);
    const count = Math.floor(random() * 14);
    const chosen = Array.from({ length: count }, () => (random() < 0.3 ? "" : pick(random, LINES)));
    // A CR might be half of a CRLF, so the parser waits for the line after it; servers end lines with LF.
    const ending = end === "\r" || random() < 0.8 ? `${end}${end}:${end}` : "";
    const bytes = encoder.encode((random() < 0.1 ? "\ufeff" : "") + chosen.join(end) + ending);
    expect(decode(cut(random, bytes)), JSON.stringify(chosen) + JSON.stringify(end)).toEqual(
      reference(bytes),
    );
  }
});

test("F8: a stream that comes byte by byte, with CRLF and characters of four bytes, is read whole", () => {
  const bytes = new TextEncoder().encode(
    "id: 1\r\ndata: 🌊é\r\n\r\n: still here\r\n\r\nid: 2\r\ndata: b\r\n\r\n",
  );
  expect(decode(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([
    { id: "1", data: "🌊é" },
    { id: "2", data: "b" },
  ]);
});

test("F8: a line of one megabyte is one frame", () => {
  const long = "x".repeat(1024 * 1024);
  const bytes = new TextEncoder().encode(`data: ${long}\n\n`);
  expect(decode(cut(seeded(1), bytes))).toEqual([{ id: undefined, data: long }]);
});

test("a frame whose closing blank line never came is dropped", () => {
  expect(decode([new TextEncoder().encode("data: whole\n\ndata: cut")])).toEqual([
    { id: undefined, data: "whole" },
  ]);
});
