import type { Tokens } from "../src/api/api";
import type { AgentEvent } from "../src/api/events";
import type { Network } from "../src/api/network";
import type { StoredMessage, StoredThread } from "../src/api/stored";
import { endOf, saidIn } from "./kept";

/** What is asked of the agent, as it travels. */
export interface Body {
  readonly action?: string;
  readonly threadId?: string;
  readonly runId?: string;
  readonly after?: number;
  readonly title?: string;
  readonly query?: string;
  readonly rating?: "up" | "down" | null;
  readonly messages?: readonly { readonly id: string; readonly content: string }[];
  readonly forwardedProps?: { readonly replaces?: string; readonly timeZone?: string };
}

export interface Run {
  readonly threadId: string;
  readonly runId: string;
  readonly question: StoredMessage;
  readonly replaces: string | undefined;
  readonly events: AgentEvent[];
  rating: "up" | "down" | undefined;
  changed: () => void;
}

const cancelled = ({ threadId, runId }: Run): AgentEvent => ({
  type: "RUN_FINISHED",
  threadId,
  runId,
  outcome: { type: "cancelled" },
});

/** Does something to a request instead of the agent, or to the agent's answer to it. */
export type Fault = (body: Body, answer: () => Response) => Response | Promise<Response>;

/**
 * An agent behind `fetch` that keeps docs/wire.md: runs belong to it, are told again from any event,
 * and are asked once however often they are sent.
 */
export function fakeAgent() {
  const runs: Run[] = [];
  const deleted = new Set<Run>();
  const titles = new Map<string, string>();
  const requests: { body: Body; session: string; keepalive: boolean }[] = [];
  const faults: Fault[] = [];
  let script: ((question: string) => readonly AgentEvent[]) | undefined = (question) => [
    {
      type: "TEXT_MESSAGE_CONTENT",
      messageId: crypto.randomUUID(),
      delta: `You said: ${question}`,
    },
  ];

  const isOpen = ({ events }: Run) => !/^RUN_(FINISHED|ERROR)$/.test(events.at(-1)?.type ?? "");

  const find = (runId: string) => runs.find((run) => run.runId === runId && !deleted.has(run));

  function visible(threadId: string): Run[] {
    const all = runs.filter((each) => each.threadId === threadId && !deleted.has(each));
    const shown: number[] = [];
    for (const [index, run] of all.entries()) {
      // What came after the replaced run goes with it, also when it was replaced before.
      const place = all.findIndex(({ runId }) => runId === run.replaces);
      while (place >= 0 && (shown.at(-1) ?? -1) >= place) shown.pop();
      shown.push(index);
    }
    return shown.flatMap((index) => all[index] ?? []);
  }

  function emit(run: Run, ...events: AgentEvent[]): void {
    run.events.push(...events);
    run.changed();
  }

  function begin(body: Body): Response {
    const { threadId = "", runId = "" } = body;
    const known = find(runId);
    if (known) return stream(known, 0);
    if (runs.some((run) => run.threadId === threadId && isOpen(run))) return refusal("thread_busy");
    const message = body.messages?.[0];
    const run: Run = {
      threadId,
      runId,
      question: { id: message?.id ?? "", role: "user", content: message?.content ?? "" },
      replaces: body.forwardedProps?.replaces,
      events: [{ type: "RUN_STARTED", threadId, runId }],
      rating: undefined,
      changed: () => undefined,
    };
    runs.push(run);
    if (script) {
      emit(run, ...script(String(run.question.content)), { type: "RUN_FINISHED", threadId, runId });
    }
    return stream(run, 0);
  }

  function stream(run: Run, after: number): Response {
    let next = after;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        while (next >= run.events.length && isOpen(run))
          await new Promise<void>((resolve) => {
            const { changed } = run;
            run.changed = () => {
              changed();
              resolve();
            };
          });
        const event = run.events[next];
        next += 1;
        if (event) controller.enqueue(encoder.encode(frame(event, next)));
        else controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  function openThread(threadId: string): StoredThread | undefined {
    const shown = visible(threadId);
    const first = shown[0];
    if (!first) return undefined;
    const title = titles.get(threadId) ?? String(first.question.content);
    const at = "2026-11-22T19:00:00.000Z";
    return {
      threadId,
      title,
      createdAt: at,
      updatedAt: at,
      runs: shown.map((run) => ({
        runId: run.runId,
        startedAt: at,
        ...endOf(run),
        messages: [run.question, ...saidIn(run)],
        ...(run.rating ? { rating: run.rating } : {}),
      })),
    };
  }

  function act(body: Body): Response {
    const { threadId = "", runId = "" } = body;
    const run = find(runId);
    const whole = openThread(threadId);
    switch (body.action) {
      case "resume":
        return run ? stream(run, body.after ?? 0) : refusal("not_found");
      case "stop":
        if (!run) return failure("not_found");
        if (isOpen(run)) emit(run, cancelled(run));
        return Response.json({ runId, state: "stopped" });
      case "list": {
        const all = [...new Set(runs.map((each) => each.threadId))].toReversed().map(openThread);
        return Response.json({
          threads: all.flatMap((each) => (each ? [{ ...each, runs: undefined }] : [])),
        });
      }
      case "search": {
        const all = [...new Set(runs.map((each) => each.threadId))];
        const found = all.filter((id) => JSON.stringify(openThread(id)).includes(body.query ?? ""));
        return Response.json({
          results: found.map((each) => ({ threadId: each, excerpt: `… ${body.query} …` })),
        });
      }
      case "get":
        return whole ? Response.json(whole) : failure("not_found");
      case "rename":
        if (!whole) return failure("not_found");
        titles.set(threadId, body.title ?? "");
        return Response.json({ ...openThread(threadId), runs: undefined });
      case "delete":
        for (const each of visible(threadId)) {
          if (isOpen(each)) emit(each, cancelled(each));
        }
        for (const each of runs) if (each.threadId === threadId) deleted.add(each);
        titles.delete(threadId);
        return Response.json({ threadId, deleted: true });
      case "rate":
        if (!run) return failure("not_found");
        run.rating = body.rating ?? undefined;
        return Response.json({ runId, rating: body.rating });
      default:
        return Response.json({
          status: "warm",
          model: "fake",
          tools: [],
          limits: { prompt: 32_000 },
        });
    }
  }

  const fetcher = async (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as Body;
    const session =
      new Headers(init?.headers).get("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id") ?? "";
    requests.push({ body, session, keepalive: init?.keepalive ?? false });
    const fault = body.action === "warm" ? undefined : faults.shift();
    const answer = () => (body.action === undefined ? begin(body) : act(body));
    return broken(fault ? await fault(body, answer) : answer(), init?.signal);
  };

  return {
    runs,
    requests,
    fetcher: fetcher as typeof fetch,
    /** The requests for one action; of messages without a name. */
    asked: (action?: string) =>
      requests.filter(({ body }) => body.action === action).map(({ body }) => body),
    /** What the next requests meet, `warm` not counted. */
    fail: (...next: Fault[]) => faults.push(...next),
    /** No request meets anything from now on. */
    calm: () => faults.splice(0),
    /** What the model says to a question; undefined: runs stay open, and `say` and `end` are the test's. */
    answerWith(next: typeof script) {
      script = next;
    },
    announce: (...deltas: string[]) => {
      const run = runs.at(-1) as Run;
      emit(
        run,
        ...deltas.map(
          (delta): AgentEvent => ({ type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta }),
        ),
      );
    },
    end(event: Partial<AgentEvent> = {}) {
      const run = runs.at(-1) as Run;
      const { threadId, runId } = run;
      emit(run, { type: "RUN_FINISHED", threadId, runId, ...event } as AgentEvent);
    },
  };
}

export const TOKENS: Tokens = { current: async () => "token", renewed: async () => "newer" };

/** A network whose waits are over at once, after a turn of the event loop. */
export function fakeNetwork() {
  const waits: number[] = [];
  const state = { online: true };
  let lose: () => void = () => undefined;
  const wait = async (milliseconds: number, signal?: AbortSignal) => {
    waits.push(milliseconds);
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  };
  const network: Network = {
    online: () => state.online,
    pause: wait,
    waitForOnline: wait,
    watch(lost) {
      lose = lost;
      return { heard: () => undefined, end: () => undefined };
    },
  };
  return { network, waits, state, loseSilently: () => lose() };
}

export function frame(event: AgentEvent, id: number): string {
  return `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** The end of a run that the agent does not keep: the same id may be sent again. */
export const NOT_STORED = { type: "RUN_ERROR", metadata: { retry: "resend" } } as const;

/** The stream that refuses a request. */
export function refusal(code: string): Response {
  return new Response(frame({ ...NOT_STORED, code, message: "The agent's sentence." }, 1));
}

function failure(code: string): Response {
  return Response.json({ error: { code, message: "The agent's sentence." } });
}

/** As fetch does it: an abort breaks the request, and the body that is being read. */
function broken(answer: Response, signal: AbortSignal | null | undefined): Response {
  signal?.throwIfAborted();
  if (!signal || !answer.body) return answer;
  const reader = answer.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal.addEventListener("abort", () => {
        try {
          controller.error(signal.reason);
        } catch {
          // It has ended already.
        }
      }),
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}
