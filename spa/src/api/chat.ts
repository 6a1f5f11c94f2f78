import { partOf } from "../run/files";
import type { Broken, Listener, Outcome, RetryMode, RunInput } from "../run/outcome";
import {
  BROKEN_REQUEST,
  type Problem,
  problemOfRun,
  SESSION_STARTING,
  SIGNED_OUT,
  UNREACHABLE,
} from "../run/problems";
import { type Actions, createActions } from "./actions";
import { createApi, Refused, retryAfter, type Tokens } from "./api";
import { type Network, network as ownNetwork } from "./network";
import { type Progress, readStream } from "./stream";

export interface Chat extends Actions {
  /**
   * Starts a run and hands over its events until it ends. A stream that is cut is resumed after the
   * last event. Never throws.
   *
   * @param signal ends the listening, not the run
   */
  run(runInput: RunInput, listener: Listener, signal: AbortSignal): Promise<Outcome>;
  /** As `run`, for a run that the agent has: from its first event, live to its end. */
  follow(
    threadId: string,
    runId: string,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Outcome>;
}

/** Attempts in a row that may fail while the machine believes that it has a network: about 40 s. */
const RESUME_ATTEMPTS = 10;
/** The same, for a message that has not been taken yet: about 4 s. */
const SEND_ATTEMPTS = 5;
const SHORTEST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 8_000;
/** Nobody listens any more. */
const STOPPED: Broken = { kind: "stopped", problem: undefined, retryMode: "resend" };
/** A resume that is answered so will be answered so again. */
const HOPELESS = new Set([400, 403, 404, 405, 413, 415]);

/** @param network what waits and watches; replaced in tests, which do not sleep */
export function createChat(
  apiUrl: string,
  tokens: Tokens,
  fetcher: typeof fetch = fetch,
  network: Network = ownNetwork,
): Chat {
  const api = createApi(apiUrl, tokens, network, fetcher);

  /**
   * Before the first event the same message is sent again: the agent knows it by its run id, so it is
   * asked and stored once. After it, the run is resumed.
   *
   * @param message undefined for a run that the agent has already
   */
  async function carry(
    threadId: string,
    runId: string,
    message: object | undefined,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const progress: Progress = { last: 0, furthest: 0, begun: message === undefined };
    let failures = 0;
    for (;;) {
      let wait = 0;
      try {
        let answer: Response;
        if (progress.begun) {
          const resume = { action: "resume", threadId, runId, after: progress.last };
          answer = await api.post(threadId, resume, { signal });
        } else {
          answer = await api.postWithRetry(threadId, message, { signal });
        }
        if (answer.ok) {
          const reading = await readStream(answer, progress, listener, network);
          // What came after is not shown, so that an end among it is none.
          if (signal.aborted) return STOPPED;
          if (reading.kind === "ended") return reading;
          if (reading.kind === "refused") {
            if (reading.code === "unauthorized")
              return broken("failed", problemOfRun(reading.code, ""), "resume");
            // The process died before it had stored the message.
            if (reading.code === "not_found") return broken("interrupted", undefined, "resend");
          } else if (reading.moved) {
            failures = 0;
          }
        } else {
          await answer.body?.cancel();
          if (answer.status === 401) return broken("failed", SIGNED_OUT, "resume");
          // It was asked for long enough already.
          if (answer.status === 409) return broken("interrupted", SESSION_STARTING, "resume");
          if (HOPELESS.has(answer.status)) return broken("interrupted", BROKEN_REQUEST, "resume");
          wait = Math.min(retryAfter(answer), LONGEST_WAIT_MS);
        }
      } catch (error) {
        if (error instanceof Refused && !signal.aborted)
          return broken("failed", error.problem, progress.begun ? "resume" : "resend");
        // Anything else is the network's, to the API or to the user pool.
      }
      if (signal.aborted) return STOPPED;
      const offline = !network.online();
      if (!offline) failures += 1;
      if (progress.begun && failures >= RESUME_ATTEMPTS)
        return broken("interrupted", undefined, "resume");
      if (!progress.begun && failures >= SEND_ATTEMPTS)
        return broken("failed", UNREACHABLE, "resend");
      listener.connection(offline ? "waiting" : "reconnecting");
      // Without a network, its return is what ends the wait.
      const pause = offline ? LONGEST_WAIT_MS : wait + backoff(failures);
      await network.waitForOnline(pause, signal).catch(() => undefined);
      if (signal.aborted) return STOPPED;
    }
  }

  return {
    ...createActions(api, network),
    run: (runInput, listener, signal) =>
      carry(runInput.threadId, runInput.runId, runAgentInput(runInput), listener, signal),
    follow: (threadId, runId, listener, signal) =>
      carry(threadId, runId, undefined, listener, signal),
  };
}

function broken(kind: Broken["kind"], problem: Problem | undefined, retryMode: RetryMode): Broken {
  return { kind, problem, retryMode };
}

/** Milliseconds before the next attempt: anywhere up to twice as far each time, so that clients spread. */
function backoff(failures: number): number {
  const most = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** failures);
  return SHORTEST_WAIT_MS + Math.random() * (most - SHORTEST_WAIT_MS);
}

/** AG-UI's RunAgentInput. The server's history wins over the client's copy, so one message is enough. */
function runAgentInput(runInput: RunInput) {
  const { threadId, runId, messageId, text, files = [], replaces, resume } = runInput;
  const words = text ? [{ type: "text", text }] : [];
  const content = files.length > 0 ? [...words, ...files.map(partOf)] : text;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    threadId,
    runId,
    state: {},
    messages: resume ? [] : [{ id: messageId, role: "user", content }],
    ...(resume ? { resume } : {}),
    tools: [],
    context: [],
    forwardedProps: { timeZone, ...(replaces === undefined ? {} : { replaces }) },
  };
}
