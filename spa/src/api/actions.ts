import { problemOfRun, UNREACHABLE } from "../run/problems";
import { type Api, Refused } from "./api";
import type { Network } from "./network";
import type { AgentInfo, Finding, StoredFile, StoredPart, StoredThread, Summary } from "./stored";
import type { OnProgress } from "./upload";

/** What is asked of the agent beside talking. All throw Refused, with a problem to show. */
export interface Actions {
  /** @param session the thread whose session answers: the one that will be needed next */
  list(session: string): Promise<readonly Summary[]>;
  /** @param query at most 200 characters */
  search(query: string, session: string, signal: AbortSignal): Promise<readonly Finding[]>;
  get(threadId: string): Promise<StoredThread>;
  rename(threadId: string, title: string, session: string): Promise<Summary>;
  /**
   * Keeps a file beside a conversation; the part of a message that has it.
   *
   * @param data base64
   */
  attach(
    threadId: string,
    file: { readonly name: string; readonly mimeType: string; readonly data: string },
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<StoredPart>;
  /** @param id the name that a content part has of the file */
  file(threadId: string, id: string): Promise<StoredFile>;
  /** @param leaving the page goes away: the request has to outlive it */
  remove(threadId: string, session: string, leaving?: boolean): Promise<void>;
  rate(threadId: string, runId: string, rating: "up" | "down" | null): Promise<void>;
  /**
   * Asks for a run's end until that is understood; the run's own stream tells when it has ended.
   *
   * @param onFailure called after each attempt that failed
   */
  stop(threadId: string, runId: string, signal: AbortSignal, onFailure: () => void): Promise<void>;
  /** Starts a thread's session before its first message. A failure is of no consequence. */
  warm(threadId: string): Promise<AgentInfo | undefined>;
}

const STOP_AGAIN_MS = 1_000;

export function createActions(api: Api, network: Network): Actions {
  async function act<T>(session: string, body: object, init = {}): Promise<T> {
    let answer: unknown;
    try {
      answer = await (await api.postWithRetry(session, body, init)).json();
    } catch (error) {
      throw error instanceof Refused ? error : new Refused(UNREACHABLE);
    }
    const { error } = answer as { error?: { code: string; message: string } };
    if (error) throw new Refused(problemOfRun(error.code, error.message), error.code);
    return answer as T;
  }

  return {
    list: async (session) =>
      (await act<{ threads: readonly Summary[] }>(session, { action: "list" })).threads,

    search: async (query, session, signal) =>
      (await act<{ results: readonly Finding[] }>(session, { action: "search", query }, { signal }))
        .results,

    get: (threadId) => act(threadId, { action: "get", threadId }),

    attach: (threadId, file, signal, onProgress) =>
      act(threadId, { action: "attach", threadId, ...file }, { signal, onProgress }),

    file: (threadId, id) => act(threadId, { action: "file", threadId, id }),

    rename: (threadId, title, session) => act(session, { action: "rename", threadId, title }),

    async remove(threadId, session, leaving = false) {
      await act(session, { action: "delete", threadId }, { keepalive: leaving });
    },

    async rate(threadId, runId, rating) {
      await act(threadId, { action: "rate", threadId, runId, rating });
    },

    async stop(threadId, runId, signal, onFailure) {
      while (!signal.aborted) {
        try {
          await act(threadId, { action: "stop", threadId, runId }, { signal });
          return;
        } catch {
          if (signal.aborted) return;
          onFailure();
          await network.waitForOnline(STOP_AGAIN_MS, signal).catch(() => undefined);
        }
      }
    },

    async warm(threadId) {
      try {
        return await act<AgentInfo>(threadId, { action: "warm" });
      } catch {
        return undefined;
      }
    },
  };
}
