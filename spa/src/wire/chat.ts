import { type Problem, problemOfRun, problemOfStatus, SIGNED_OUT, UNREACHABLE } from "../problems";
import { type AgentEvent, MalformedEvent, parseEvent } from "./events";
import { createFrameDecoder } from "./frames";

/** Gives the ID token to send. Both answer undefined when only signing in again can help. */
export interface Tokens {
  current(): Promise<string | undefined>;
  /** A token newer than the one the API has just refused. */
  renewed(): Promise<string | undefined>;
}

export interface Turn {
  readonly threadId: string;
  readonly runId: string;
  readonly messageId: string;
  readonly text: string;
}

/** How a turn ended. `interrupted`: the stream broke off, so the answer may be incomplete. */
export type Outcome =
  | { readonly kind: "finished" | "interrupted" | "stopped" }
  | { readonly kind: "failed"; readonly problem: Problem };

/** What the agent says of itself when it is warmed; every field may be missing. */
export interface Warmth {
  readonly model?: string;
}

export interface Chat {
  /** Sends a turn and hands over its events until it ends. Never throws. */
  run(turn: Turn, onEvent: (event: AgentEvent) => void, signal: AbortSignal): Promise<Outcome>;
  /** Starts the agent's session before the first message. A failure is of no consequence. */
  warm(threadId: string): Promise<Warmth | undefined>;
}

const SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";
const WORTH_ONE_RETRY = new Set([429, 500, 502, 503, 504]);

class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
}

/** @param pause waits before the one retry; replaced in tests, which do not sleep */
export function createChat(
  apiUrl: string,
  tokens: Tokens,
  fetcher: typeof fetch = fetch,
  pause = jitter,
): Chat {
  async function post(
    threadId: string,
    body: unknown,
    token: string | undefined,
    signal: AbortSignal | null,
  ) {
    if (!token) throw new Refused(SIGNED_OUT);
    return fetcher(`${apiUrl}/chat`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${token}`,
        [SESSION_HEADER]: threadId,
      },
      body: JSON.stringify(body),
      signal,
      cache: "no-store",
      credentials: "omit",
    });
  }

  /** One renewal after a 401, and one retry after a passing fault; the run id stays, so nothing runs twice. */
  async function open(turn: Turn, signal: AbortSignal): Promise<Response> {
    const body = runInput(turn);
    let answer = await post(turn.threadId, body, await tokens.current(), signal);
    if (answer.status === 401) {
      await answer.body?.cancel();
      answer = await post(turn.threadId, body, await tokens.renewed(), signal);
    }
    if (WORTH_ONE_RETRY.has(answer.status)) {
      await answer.body?.cancel();
      await pause(signal);
      answer = await post(turn.threadId, body, await tokens.current(), signal);
    }
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Refused(problemOfStatus(answer.status));
    }
    return answer;
  }

  return {
    async run(turn, onEvent, signal) {
      let answer: Response;
      try {
        answer = await open(turn, signal);
      } catch (error) {
        if (signal.aborted) return { kind: "stopped" };
        // Nothing has run yet: what failed is the network, to the API or to the user pool.
        return { kind: "failed", problem: error instanceof Refused ? error.problem : UNREACHABLE };
      }
      return follow(answer, onEvent, signal);
    },

    async warm(threadId) {
      try {
        const answer = await post(threadId, { action: "warm" }, await tokens.current(), null);
        return answer.ok ? ((await answer.json()) as Warmth) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * Reads the stream to its terminal event. A clean end without one, a broken transport and a frame
 * that is no event are all the same to the reader: part of the answer is missing.
 */
async function follow(
  answer: Response,
  onEvent: (event: AgentEvent) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  let outcome: Outcome | undefined;
  const decoder = createFrameDecoder((frame) => {
    const event = outcome ? undefined : parseEvent(frame.data);
    if (!event) return;
    outcome = terminal(event);
    onEvent(event);
  });
  const reader = answer.body?.getReader();
  while (reader && !outcome) {
    const chunk = await reader.read().catch(() => undefined);
    if (signal.aborted) return { kind: "stopped" };
    if (!chunk || chunk.done) break;
    try {
      decoder.push(chunk.value);
    } catch (error) {
      if (!(error instanceof MalformedEvent)) reportError(error);
      outcome = { kind: "interrupted" };
    }
  }
  void reader?.cancel().catch(() => undefined);
  return outcome ?? { kind: "interrupted" };
}

function terminal(event: AgentEvent): Outcome | undefined {
  if (event.type === "RUN_FINISHED")
    return { kind: event.outcome?.type === "cancelled" ? "stopped" : "finished" };
  if (event.type !== "RUN_ERROR") return undefined;
  if (event.code === "stopped") return { kind: "stopped" };
  return { kind: "failed", problem: problemOfRun(event.code, event.message) };
}

/** AG-UI's RunAgentInput. The server's history wins over the client's copy, so one message is enough. */
function runInput({ threadId, runId, messageId, text }: Turn) {
  return {
    threadId,
    runId,
    state: {},
    messages: [{ id: messageId, role: "user", content: text }],
    tools: [],
    context: [],
    forwardedProps: {},
  };
}

/** Half a second to one and a half, ended early by Stop. */
function jitter(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, 500 + Math.random() * 1000);
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}
