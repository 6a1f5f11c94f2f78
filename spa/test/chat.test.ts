// @vitest-environment node
import { describe, expect, test, vi } from "vitest";
import { createChat, type Outcome } from "../src/wire/chat";
import type { AgentEvent } from "../src/wire/events";
import { finished, frames, started, streamed, text } from "./support";

const TURN = { threadId: "thread", runId: "run", messageId: "message", text: "hello" };
const WHOLE = frames([started, text("hi"), finished]);

interface Call {
  url: string;
  body: unknown;
  headers: Headers;
}

/** A server that gives its answers in turn, and what was asked of it. */
function server(...answers: (Response | Error | ((signal: AbortSignal) => Promise<Response>))[]) {
  const calls: Call[] = [];
  const pauses = { count: 0 };
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
    if (answer === undefined) throw new Error("one request too many");
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer(init?.signal as AbortSignal) : answer;
  };
  const chat = createChat("https://api.example", tokens, fetcher, async () => {
    pauses.count += 1;
  });
  async function run(
    abort = new AbortController(),
    onEvent: (event: AgentEvent) => unknown = () => undefined,
  ) {
    const events: AgentEvent[] = [];
    const outcome = await chat.run(
      TURN,
      (event) => {
        events.push(event);
        onEvent(event);
      },
      abort.signal,
    );
    return { outcome, events };
  }
  return { chat, run, calls, tokens, pauses };
}

const status = (code: number) => new Response("{}", { status: code });

function advice(outcome: Outcome): string {
  return outcome.kind === "failed"
    ? `${outcome.problem.title} ${outcome.problem.advice}`
    : outcome.kind;
}

test("a turn is an AG-UI RunAgentInput with the thread as the runtime's session", async () => {
  const { run, calls } = server(streamed([WHOLE]));
  const { outcome, events } = await run();
  expect(outcome.kind).toBe("finished");
  expect(events).toEqual([started, text("hi"), finished]);
  expect(calls[0]?.url).toBe("https://api.example/chat");
  expect(calls[0]?.body).toEqual({
    threadId: "thread",
    runId: "run",
    state: {},
    messages: [{ id: "message", role: "user", content: "hello" }],
    tools: [],
    context: [],
    forwardedProps: {},
  });
  expect(Object.fromEntries(calls[0]?.headers ?? [])).toEqual({
    "content-type": "application/json",
    authorization: "Bearer first",
    "x-amzn-bedrock-agentcore-runtime-session-id": "thread",
  });
});

test("heartbeats, unknown events and what follows the terminal event are passed over", async () => {
  const unknown = `data: ${JSON.stringify({ type: "STATE_DELTA", delta: [] })}\n\n`;
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
])("F5: interrupted, with what arrived and without a silent retry, when %s", async (_, answer) => {
  const { run, calls } = server(answer());
  expect(await run()).toEqual({ outcome: { kind: "interrupted" }, events: [started, text("hi")] });
  expect(calls).toHaveLength(1);
});

test.each([429, 500, 502, 503, 504])(
  "F4: %i before the first byte is tried once more, after a pause, with the same run id",
  async (code) => {
    const { run, calls, pauses } = server(status(code), streamed([WHOLE]));
    expect((await run()).outcome.kind).toBe("finished");
    expect(calls[1]?.body).toEqual(calls[0]?.body);
    expect(pauses.count).toBe(1);
  },
);

test("F4: a fault that stays is told after the one retry", async () => {
  const { run, calls } = server(status(503), status(503));
  expect(advice((await run()).outcome)).toContain("try again");
  expect(calls).toHaveLength(2);
});

test.each([
  [400, "did not accept"],
  [403, "may not use"],
  [413, "too long"],
  [424, "failed before"],
  [418, "418"],
])("%i is told in words and not retried", async (code, words) => {
  const { run, calls } = server(status(code));
  expect(advice((await run()).outcome)).toContain(words);
  expect(calls).toHaveLength(1);
});

test("F6: a refused token is renewed once, and the turn goes on", async () => {
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
  const lost = server(new TypeError("fetch failed"));
  const noPool = server();
  noPool.tokens.current = async () => Promise.reject(new Error("Bad Gateway (502)"));
  for (const { run } of [lost, noPool])
    expect(advice((await run()).outcome)).toContain("could not be reached");
});

test("the agent's known codes have their own words, and an unknown one the agent's sentence", async () => {
  const error = (code: string): AgentEvent => ({
    type: "RUN_ERROR",
    code,
    message: "The agent's own sentence.",
  });
  expect(
    advice((await server(streamed([frames([error("model_throttled")])])).run()).outcome),
  ).toContain("too many requests");
  expect(advice((await server(streamed([frames([error("brand_new")])])).run()).outcome)).toContain(
    "The agent's own sentence.",
  );
  expect(
    advice((await server(streamed([frames([error("constructor")])])).run()).outcome),
  ).toContain("The agent's own sentence.");
});

describe("Stop ends the turn", () => {
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
    expect(await running).toEqual({ outcome: { kind: "stopped" }, events: [started, text("hi")] });
  });

  test("during the pause before a retry", async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    const tokens = { current: async () => "token", renewed: async () => "token" };
    const chat = createChat("https://api.example", tokens, async () => status(503));
    const running = chat.run(TURN, () => undefined, abort.signal);
    await vi.advanceTimersByTimeAsync(10);
    abort.abort();
    expect((await running).kind).toBe("stopped");
    vi.useRealTimers();
  });
});

test("a failed warming is of no consequence", async () => {
  const { chat } = server(status(500));
  expect(await chat.warm("thread")).toBeUndefined();
  expect(await server(new TypeError("no")).chat.warm("thread")).toBeUndefined();
  expect(
    await server(Response.json({ status: "warm", model: "offline" })).chat.warm("thread"),
  ).toMatchObject({ model: "offline" });
});
