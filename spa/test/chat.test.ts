// @vitest-environment node
// @vitest-environment node
import { describe, expect, test, vi } from "vitest";
import { createChat } from "../src/api/chat";
import type { AgentEvent } from "../src/api/events";
import { network } from "../src/api/network";
import type { Problem } from "../src/run/problems";
import { reduce } from "../src/run/reducer";
import { EMPTY } from "../src/run/run-view";
import { finished, frames, started, streamed, text } from "./support";
import { fakeNetwork } from "./wire";

/** As long as a session's id has to be. */
const THREAD = "thread-of-thirty-three-characters";
const INPUT = { threadId: THREAD, runId: "run", messageId: "message", text: "hello" };
const WHOLE = frames([started, text("hi"), finished]);

interface Call {
  url: string;
  body: unknown;
  headers: Headers;
}

/** A server that gives its answers in turn, and what was asked of it. */
function server(...answers: (Response | Error | ((signal: AbortSignal) => Promise<Response>))[]) {
  const calls: Call[] = [];
  const { network, waits, state } = fakeNetwork();
  const tokens = {
    current: async () => "first" as string | undefined,
    renewed: async () => "second" as string | undefined,
  };
  const fetcher = async (url: RequestInfo | URL, init?: RequestInit) => {
    calls.push({
      url: String(url),
      body: JSON.parse(String(init?.body)),
      headers: new Headers(init?.headers),
    });
    const answer = answers[calls.length - 1];
    if (answer === undefined) throw new TypeError("one request too many");
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer(init?.signal as AbortSignal) : answer;
  };
  const chat = createChat("https://api.example", tokens, fetcher, network);
  async function run(
    abort = new AbortController(),
    onEvent: (event: AgentEvent) => unknown = () => undefined,
  ) {
    const events: AgentEvent[] = [];
    const outcome = await chat.run(
      INPUT,
      {
        event(event) {
          events.push(event);
          onEvent(event);
        },
        connection: () => undefined,
      },
      abort.signal,
    );
    // What the page makes of them, where they tell the end.
    const { state: kind, problem, retryMode } = events.reduce((view, e) => reduce(view, e), EMPTY);
    return { outcome: outcome.kind === "ended" ? { kind, problem, retryMode } : outcome, events };
  }
  return { chat, run, calls, tokens, waits, state };
}

const status = (code: number) => new Response("{}", { status: code });

function advice({ kind, problem }: { kind: string; problem: Problem | undefined }): string {
  return kind === "failed" ? `${problem?.title} ${problem?.advice}` : kind;
}

test("a message is sent as an AG-UI RunAgentInput with the thread as the runtime's session", async () => {
  const { run, calls } = server(streamed([WHOLE]));
  const { outcome, events } = await run();
  expect(outcome.kind).toBe("finished");
  expect(events).toEqual([started, text("hi"), finished]);
  expect(calls[0]?.url).toBe("https://api.example/chat");
  expect(calls[0]?.body).toEqual({
    threadId: THREAD,
    runId: "run",
    state: {},
    messages: [{ id: "message", role: "user", content: "hello" }],
    tools: [],
    context: [],
    forwardedProps: { timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  });
  expect(Object.fromEntries(calls[0]?.headers ?? [])).toEqual({
    "content-type": "application/json",
    authorization: "Bearer first",
    "x-amzn-bedrock-agentcore-runtime-session-id": THREAD,
  });
});

test("heartbeats, unknown events and what follows the terminal event are passed over", async () => {
  const unknown = `data: ${JSON.stringify({ type: "ACTIVITY_DELTA", delta: [] })}\n\n`;
  const { run } = server(streamed([":\n\n", unknown, WHOLE, frames([text("late")])]));
  expect((await run()).events).toEqual([started, text("hi"), finished]);
});

test.each([
  ["the stream ends without a terminal event", () => streamed([frames([started, text("hi")])])],
  [
    "the stream ends inside a frame",
    () => streamed([frames([started, text("hi")]), 'data: {"type":']),
  ],
  [
    "the transport breaks",
    () => streamed([frames([started, text("hi")])], new TypeError("network error")),
  ],
  [
    "a frame is not JSON",
    () => streamed([frames([started, text("hi")]), "data: {nonsense\n\n", WHOLE]),
  ],
  [
    "an event lacks what it must have",
    () =>
      streamed([frames([started, text("hi")]), 'data: {"type":"TEXT_MESSAGE_CONTENT"}\n\n', WHOLE]),
  ],
])("F5: resumed after the last event, never sent again, when %s", async (_, answer) => {
  const rest = `id: 3\ndata: ${JSON.stringify(text(" you"))}\n\nid: 4\ndata: ${JSON.stringify(finished)}\n\n`;
  const { run, calls } = server(answer(), streamed([rest]));
  const { outcome, events } = await run();
  expect(outcome.kind).toBe("finished");
  expect(events).toEqual([started, text("hi"), text(" you"), finished]);
  expect(calls.slice(1).map(({ body }) => body)).toEqual([
    { action: "resume", threadId: THREAD, runId: "run", after: 2 },
  ]);
});

test("F5: interrupted, with what arrived and without a silent retry, when it cannot be resumed", async () => {
  const { run, calls } = server(streamed([frames([started, text("hi")])]));
  const { outcome, events } = await run();
  expect(outcome).toMatchObject({ kind: "interrupted", retryMode: "resume" });
  expect(events).toEqual([started, text("hi")]);
  expect(calls.filter(({ body }) => !("action" in (body as object)))).toHaveLength(1);
});

test("F5: a frame that is broken for good ends the answer where it stands", async () => {
  const poisoned = () => streamed([frames([started, text("hi")]), "data: {nonsense\n\n"]);
  const { run, calls } = server(poisoned(), ...Array.from({ length: 20 }, poisoned));
  expect((await run()).outcome.kind).toBe("interrupted");
  expect(calls.length).toBeLessThan(15);
});

test.each([424, 429, 500, 502, 503, 504])(
  "F4: %i before the first byte is tried once more, after a pause, with the same run id",
  async (code) => {
    const { run, calls, waits } = server(status(code), streamed([WHOLE]));
    expect((await run()).outcome.kind).toBe("finished");
    expect(calls[1]?.body).toEqual(calls[0]?.body);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(500);
    expect(waits[0]).toBeLessThan(1500);
  },
);

test.each([
  [503, "try again"],
  [424, "failed before"],
  [429, "oo many requests"],
])("F4: %i that stays is told after the one retry", async (code, words) => {
  const { run, calls } = server(status(code), status(code));
  expect(advice((await run()).outcome)).toContain(words);
  expect(calls).toHaveLength(2);
});

test("F4: Retry-After is kept, and told at once when it is longer than anyone waits", async () => {
  const busy = (value: string) =>
    new Response("", { status: 429, headers: { "Retry-After": value } });
  const soon = server(busy("7"), streamed([WHOLE]));
  expect((await soon.run()).outcome.kind).toBe("finished");
  expect(soon.waits[0]).toBeGreaterThanOrEqual(7_500);
  const atTime = server(busy(new Date(Date.now() + 5_000).toUTCString()), streamed([WHOLE]));
  expect((await atTime.run()).outcome.kind).toBe("finished");
  expect(atTime.waits[0]).toBeGreaterThan(3_500);
  const late = server(busy("3600"));
  expect(advice((await late.run()).outcome)).toContain("oo many requests");
  expect(late.waits).toEqual([]);
});

test.each([
  [400, "couldn't be sent"],
  [403, "have access"],
  [413, "too long"],
  [418, "418"],
])("%i is told in words and not retried", async (code, words) => {
  const { run, calls } = server(status(code));
  expect(advice((await run()).outcome)).toContain(words);
  expect(calls).toHaveLength(1);
});

const STARTING = 409;

test("a session that is still starting is asked again with the same run, for about 15 seconds", async () => {
  const { run, calls, waits } = server(
    ...Array.from({ length: 5 }, () => status(STARTING)),
    streamed([WHOLE]),
  );
  const { outcome, events } = await run();
  expect(outcome.kind).toBe("finished");
  expect(events).toEqual([started, text("hi"), finished]);
  expect(new Set(calls.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  for (const [i, pause] of [500, 1000, 2000, 4000, 8000].entries()) {
    expect(waits[i]).toBeGreaterThanOrEqual(pause * 0.75);
    expect(waits[i]).toBeLessThanOrEqual(pause * 1.25);
  }
});

test("a session that does not start is told as such, and the message can be sent again", async () => {
  const { run, calls } = server(...Array.from({ length: 6 }, () => status(STARTING)));
  const { outcome } = await run();
  expect(calls).toHaveLength(6);
  expect(advice(outcome)).toBe("The agent is still starting. Wait a few seconds, then try again.");
  expect(outcome).toMatchObject({ retryMode: "resend", problem: { remedy: "retry" } });
});

test("a run is followed as patiently, and its rest can be asked for again", async () => {
  const cut = streamed([frames([started, text("hi")])]);
  const { run, calls } = server(cut, ...Array.from({ length: 6 }, () => status(STARTING)));
  const { outcome } = await run();
  expect(calls).toHaveLength(7);
  expect(outcome).toMatchObject({
    kind: "interrupted",
    retryMode: "resume",
    problem: { title: "The agent is still starting." },
  });
});

test("a token that is refused while the session starts is renewed", async () => {
  const { run, calls } = server(status(STARTING), status(401), status(STARTING), streamed([WHOLE]));
  expect((await run()).outcome.kind).toBe("finished");
  expect(calls.map(({ headers }) => headers.get("Authorization"))).toEqual([
    "Bearer first",
    "Bearer first",
    "Bearer second",
    "Bearer first",
  ]);
});

test("leaving ends the wait for a session", async () => {
  const abort = new AbortController();
  const { run, calls } = server(async () => {
    abort.abort();
    return status(STARTING);
  });
  expect((await run(abort)).outcome.kind).toBe("stopped");
  expect(calls).toHaveLength(1);
});

test("F6: a refused token is renewed once, and the run goes on", async () => {
  const { run, calls } = server(status(401), streamed([WHOLE]));
  expect((await run()).outcome.kind).toBe("finished");
  expect(calls.map((call) => call.headers.get("authorization"))).toEqual([
    "Bearer first",
    "Bearer second",
  ]);
});

test("F6: when the token cannot be renewed, or is refused again, the person is to sign in", async () => {
  const ended = server(status(401));
  ended.tokens.renewed = async () => undefined;
  const refused = server(status(401), status(401));
  for (const { run } of [ended, refused]) {
    const { outcome } = await run();
    expect(outcome).toMatchObject({ kind: "failed", problem: { remedy: "sign-in" } });
  }
});

test("an unreachable API, and an unreachable login page, are told as such", async () => {
  const lost = server(...Array.from({ length: 5 }, () => new TypeError("fetch failed")));
  const noPool = server();
  noPool.tokens.current = async () => Promise.reject(new Error("Bad Gateway (502)"));
  for (const { run } of [lost, noPool])
    expect(advice((await run()).outcome)).toContain("could not be reached");
  expect(new Set(lost.calls.map(({ body }) => JSON.stringify(body))).size).toBe(1);
});

test("the agent's known codes have their own words, and an unknown one the agent's sentence", async () => {
  const error = (code: string): AgentEvent => ({
    type: "RUN_ERROR",
    code,
    message: "The agent's own sentence.",
  });
  expect(
    advice((await server(streamed([frames([error("model_throttled")])])).run()).outcome),
  ).toContain("oo many requests");
  expect(advice((await server(streamed([frames([error("brand_new")])])).run()).outcome)).toContain(
    "The agent's own sentence.",
  );
  expect(
    advice((await server(streamed([frames([error("constructor")])])).run()).outcome),
  ).toContain("The agent's own sentence.");
});

describe("an abort ends the listening", () => {
  test("before the answer", async () => {
    const abort = new AbortController();
    const { run } = server(
      (signal) =>
        new Promise(
          (_, reject) =>
            void signal.addEventListener("abort", () => reject(signal.reason as Error)),
        ),
    );
    const running = run(abort);
    await Promise.resolve();
    abort.abort();
    expect((await running).outcome.kind).toBe("stopped");
  });

  test("while the answer arrives", async () => {
    const abort = new AbortController();
    const { run } = server(async (signal) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(frames([started, text("hi")])));
          // As fetch does: an abort breaks the body.
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      });
      return new Response(body);
    });
    const running = run(abort, (event) => event.type === "TEXT_MESSAGE_CONTENT" && abort.abort());
    const events = [started, text("hi")];
    expect(await running).toMatchObject({ outcome: { kind: "stopped" }, events });
  });

  test("also where the end has arrived already, which is not shown", async () => {
    const abort = new AbortController();
    const { run } = server(streamed([WHOLE]));
    const running = run(abort, (event) => event.type === "TEXT_MESSAGE_CONTENT" && abort.abort());
    expect((await running).outcome).toMatchObject({ kind: "stopped", retryMode: "resend" });
  });

  test("during the pause before a retry", async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    const tokens = { current: async () => "token", renewed: async () => "token" };
    const chat = createChat("https://api.example", tokens, async () => status(503), network);
    const listener = { event: () => undefined, connection: () => undefined };
    const running = chat.run(INPUT, listener, abort.signal);
    await vi.advanceTimersByTimeAsync(10);
    abort.abort();
    expect((await running).kind).toBe("stopped");
    vi.useRealTimers();
  });
});

test("a failed warming is of no consequence", async () => {
  const { chat } = server(status(500), status(500));
  expect(await chat.warm("thread")).toBeUndefined();
  expect(await server(new TypeError("no")).chat.warm("thread")).toBeUndefined();
  expect(
    await server(Response.json({ status: "warm", model: "claude" })).chat.warm("thread"),
  ).toMatchObject({ model: "claude" });
});
