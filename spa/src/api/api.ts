import { type Problem, problemOfStatus, SIGNED_OUT, UNREACHABLE } from "../run/problems";
import type { Network } from "./network";
import type { OnProgress } from "./upload";

/** Gives the ID token to send. Both answer undefined when only signing in again can help. */
export interface Tokens {
  current(): Promise<string | undefined>;
  /** A token newer than the one the API has just refused. */
  renewed(): Promise<string | undefined>;
}

/** The agent, or something before it, does not do what was asked. `code` as in docs/wire.md, if it has one. */
export class Refused extends Error {
  override name = "Refused";
  constructor(
    readonly problem: Problem,
    readonly code?: string,
  ) {
    super(code ?? "refused");
  }
}

/** What to tell a person of what was caught. */
export function problemOf(error: unknown): Problem {
  return error instanceof Refused ? error.problem : UNREACHABLE;
}

const SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";
/** The runtime takes session ids of 33 to 256 characters; a conversation's id may be shorter. */
const SESSION_CHARACTERS = 33;
/** 424: the agent's process died or failed; the next request gets a new one. */
const WORTH_ONE_RETRY = new Set([424, 429, 500, 502, 503, 504]);
/**
 * Two requests at once on a session that is just starting: AgentCore refuses one with 409
 * (RetryableConflictException, "Session operation in progress") before the agent has it. The agent
 * itself never answers so: that a thread is busy is told in its stream.
 */
const SESSION_STARTING = 409;
/** Before each further attempt while a session starts: about 15 s together. */
const SESSION_START_PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];
/** Nobody waits longer than this for an answer to begin without being told why. */
const LONGEST_RETRY_AFTER_MS = 20_000;

export interface Post {
  readonly signal?: AbortSignal;
  /** The request outlives the page. */
  readonly keepalive?: boolean;
  /** Told how far the body has left. */
  readonly onProgress?: OnProgress;
}

export interface Api {
  /**
   * Posts a body to the session of a thread. A refused token is renewed once; a session that is still
   * starting is asked again for about 15 s. The last answer is given whatever it is.
   *
   * @throws Refused when the person has to sign in; whatever fetch throws when the network fails
   */
  post(threadId: string, body: unknown, init?: Post): Promise<Response>;
  /**
   * As `post`; a passing fault is met by one retry after a jittered pause. Only for what may be sent twice.
   *
   * @throws Refused also for any status but 200
   */
  postWithRetry(threadId: string, body: unknown, init?: Post): Promise<Response>;
}

type Uploader = (url: string, init: RequestInit, onProgress: OnProgress) => Promise<Response>;

const upload: Uploader = async (url, init, onProgress) =>
  (await import("./upload")).upload(url, init, onProgress);

export function createApi(
  apiUrl: string,
  tokens: Tokens,
  network: Network,
  fetcher: typeof fetch = fetch,
  uploader: Uploader = upload,
): Api {
  function send(threadId: string, body: unknown, token: string | undefined, init: Post) {
    if (!token) throw new Refused(SIGNED_OUT, "unauthorized");
    const url = `${apiUrl}/chat`;
    const request: RequestInit = {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${token}`,
        [SESSION_HEADER]: threadId.padEnd(SESSION_CHARACTERS, "-"),
      },
      body: JSON.stringify(body),
      signal: init.signal ?? null,
      keepalive: init.keepalive ?? false,
      cache: "no-store",
      credentials: "omit",
    };
    return init.onProgress ? uploader(url, request, init.onProgress) : fetcher(url, request);
  }

  async function sendOrRenew(threadId: string, body: unknown, init: Post): Promise<Response> {
    const answer = await send(threadId, body, await tokens.current(), init);
    if (answer.status !== 401) return answer;
    await answer.body?.cancel();
    return send(threadId, body, await tokens.renewed(), init);
  }

  async function post(threadId: string, body: unknown, init: Post = {}): Promise<Response> {
    for (const pause of SESSION_START_PAUSES_MS) {
      const answer = await sendOrRenew(threadId, body, init);
      if (answer.status !== SESSION_STARTING) return answer;
      await answer.body?.cancel();
      await network.pause(pause * (0.75 + Math.random() / 2), init.signal);
    }
    return sendOrRenew(threadId, body, init);
  }

  return {
    post,
    async postWithRetry(threadId, body, init = {}) {
      let answer = await post(threadId, body, init);
      const wait = retryAfter(answer);
      if (WORTH_ONE_RETRY.has(answer.status) && wait <= LONGEST_RETRY_AFTER_MS) {
        await answer.body?.cancel();
        await network.pause(wait + jitter(), init.signal);
        answer = await post(threadId, body, init);
      }
      if (answer.ok) return answer;
      await answer.body?.cancel();
      throw new Refused(problemOfStatus(answer.status));
    },
  };
}

/** Milliseconds that the server asks to be left alone; 0 when it does not. */
export function retryAfter(answer: Response): number {
  const value = answer.headers.get("Retry-After");
  if (value === null) return 0;
  const seconds = Number(value);
  const wait = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}

/** Half a second to one and a half. */
function jitter(): number {
  return 500 + Math.random() * 1000;
}
