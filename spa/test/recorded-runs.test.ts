// @vitest-environment node
// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createChat } from "../src/api/chat";
import { type AgentEvent, parseEvent } from "../src/api/events";
import type { StoredRun } from "../src/api/stored";
import { reduce } from "../src/run/reducer";
import { replay } from "../src/run/replay";
import { EMPTY, type RunView } from "../src/run/run-view";
import { createOpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { cut, memory, pick, seeded, streamed } from "./support";
import { fakeNetwork, frame, TOKENS } from "./wire";

/** What tests/agent/test_recorded_runs.py has recorded, and how a new recording is made. */
const FOLDER = "test/runs";

interface Recording {
  readonly live: AgentEvent[];
  readonly replay: AgentEvent[];
  readonly stored: StoredRun;
}

function recording(file: string): Recording {
  const lines = readFileSync(`${FOLDER}/${file}`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { live?: object; replay?: object; stored?: StoredRun });
  const read = (event: object | undefined) => event && parseEvent(JSON.stringify(event));
  return {
    live: lines.flatMap(({ live }) => read(live) ?? []),
    replay: lines.flatMap((line) => read(line.replay) ?? []),
    stored: lines.at(-1)?.stored as StoredRun,
  };
}

const RECORDINGS = readdirSync(FOLDER).map((file) => [file, recording(file)] as const);
const fold = (events: readonly AgentEvent[], from = EMPTY) =>
  events.reduce((view, event) => reduce(view, event), from);

/** What stands on the page: without times, and without what only the moment brought. */
function shown({ state, parts, problem, retryMode }: RunView) {
  const timeless = parts.map((part) => ({ ...part, startedAt: 0, endedAt: 0 }));
  const written = timeless.filter((part) => part.kind === "tool" || part.text !== "");
  return { state, parts: written, problem: problem?.title, retryMode };
}

/** The same events with their deltas cut into single characters. */
function inCharacters(events: readonly AgentEvent[]): AgentEvent[] {
  return events.flatMap((event): AgentEvent[] =>
    "delta" in event && event.type !== "STATE_DELTA"
      ? [...event.delta].map((delta) => ({ ...event, delta }))
      : [event],
  );
}

/** How each run stands in the end: its state, and the kinds of its parts. */
const ENDS: Record<string, string> = {
  "error.jsonl": "failed:",
  "error-in-mid-answer.jsonl": "failed: text",
  "graph.jsonl": "finished: text, text",
  "image.jsonl": "finished: text, srv_draw done +1, text",
  "reasoning.jsonl": "finished: reasoning, text",
  "snapshot.jsonl": "finished: text, calculator done, text",
  "stopped.jsonl": "stopped: text",
  "text.jsonl": "finished: text",
  "tool.jsonl": "finished: text, calculator done, text",
  "tool-failed.jsonl": "finished: text, calculator failed, text",
};

beforeEach(() => vi.stubGlobal("sessionStorage", memory()));

test("each kind of run is recorded", () => {
  expect(RECORDINGS.map(([file]) => file).toSorted()).toEqual(Object.keys(ENDS).toSorted());
});

describe.each(RECORDINGS)("%s", (file, { live, replay: again, stored }) => {
  const whole = fold(live);

  test("is shown to its end", () => {
    const kinds = whole.parts.map((part) => {
      if (part.kind !== "tool") return part.kind;
      const images = part.files.length > 0 ? ` +${part.files.length}` : "";
      return `${part.name} ${part.state}${images}`;
    });
    expect(`${whole.state}: ${kinds.join(", ")}`.trim()).toBe(ENDS[file]);
    expect(whole.parts.every((part) => part.kind === "tool" || part.isClosed)).toBe(true);
    if (whole.state === "finished") expect(whole.usage?.model).toBeTypeOf("string");
  });

  test("is the same when it is told again, and from the history", () => {
    expect(shown(fold(again))).toEqual(shown(whole));
    expect(shown(replay(stored))).toEqual(shown(whole));
    expect(replay(stored).usage?.totalTokens).toBe(stored.usage?.totalTokens);
  });

  test("is the same however its words came", () => {
    expect(fold(inCharacters(live))).toEqual(whole);
  });

  test("is the same told from the beginning after any part of it, and after a cut at any place", () => {
    for (let length = 0; length < live.length; length += 1) {
      const part = fold(live.slice(0, length));
      const state = JSON.stringify(part);
      expect(shown(fold(again, part))).toEqual(shown(whole));
      expect(fold(live.slice(length), part)).toEqual(whole);
      expect(JSON.stringify(part), "a state does not change").toBe(state);
    }
  });

  test("is the same through the page's own reader, cut into any bytes, resumed or told again", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = seeded(seed);
      const events = inCharacters(live);
      const text = events.map((event, i) => frame(event, i + 1));
      const length = 1 + Math.floor(random() * (text.length - 1));
      const rest = pick(random, [text.slice(length), again.map((event, i) => frame(event, i + 1))]);
      const answers = [text.slice(0, length), rest].map((each) => cut(random, each.join("")));
      const asked = answers.map((pieces) => () => Promise.resolve(streamed(pieces)));
      const fetcher = () => asked.shift()?.() ?? Promise.reject(new TypeError("one too many"));
      const { network } = fakeNetwork();
      const chat = createChat("https://api.example", TOKENS, fetcher, network);
      const openThread = createOpenThread("thread", chat, createOutbox());
      await openThread.send("question");
      const answer = openThread.messages.value.at(-1);
      if (answer?.role !== "assistant") throw new Error("no answer");
      expect(shown(answer.run.value), `seed ${seed}`).toEqual(shown(whole));
    }
  });
});
