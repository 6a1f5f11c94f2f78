import { type MessageKey, t } from "../i18n";

/** What went wrong, in words for the person at the page: what happened, and what to do. */
export interface Problem {
  /** In the page's language, also after that has changed. */
  readonly title: string;
  readonly advice: string;
  /** What the person can do about it here: ask again, sign in again, or nothing but change the text. */
  readonly remedy: "retry" | "sign-in" | "edit";
}

/** The sentences that come in pairs: what happened, and under the same name what to do. */
type ProblemKey = {
  [K in MessageKey]: K extends `${infer Name}.advice` ? Name & MessageKey : never;
}[MessageKey];

function problem(
  key: ProblemKey,
  remedy: Problem["remedy"] = "retry",
  values: Record<string, string> = {},
): Problem {
  return {
    get title() {
      return t(key, values);
    },
    get advice() {
      return t(`${key}.advice`, values);
    },
    remedy,
  };
}

export const FILE_REFUSED = problem("problem.attachment_refused", "edit");
export const UNREACHABLE = problem("problem.unreachable");
export const SIGNED_OUT = problem("problem.signedOut", "sign-in");
/** The rest of an answer is refused, and will be. */
export const BROKEN_REQUEST = problem("problem.notAccepted");
/** AgentCore's, not the agent's `thread_busy` (wire/api.ts). */
export const SESSION_STARTING = problem("problem.sessionStarting");
const TOO_LONG = problem("problem.tooLong", "edit");
const SERVER_FAILED = problem("problem.serverFailed");

/** Answers of the API itself, before a run began. */
const BY_STATUS: Record<number, Problem> = {
  400: problem("problem.notAccepted", "edit"),
  401: SIGNED_OUT,
  402: problem("problem.quota"),
  403: problem("problem.forbidden", "edit"),
  404: problem("problem.notThere"),
  409: SESSION_STARTING,
  413: TOO_LONG,
  424: problem("problem.agentFailed"),
  429: problem("problem.busy"),
};

/** The stable codes of docs/wire.md; a test compares the two. `stopped` is no problem. */
const BY_CODE = new Map<string, Problem>([
  ["answer_cut", problem("problem.answer_cut")],
  ["answer_empty", problem("problem.answer_empty")],
  ["answer_filtered", problem("problem.answer_filtered")],
  ["answer_refused", problem("problem.answer_refused")],
  ["answer_too_long", problem("problem.answer_too_long")],
  ["attachment_refused", FILE_REFUSED],
  ["bad_request", problem("problem.bad_request", "edit")],
  ["daily_limit", problem("problem.daily_limit")],
  ["internal_error", problem("problem.internal_error")],
  ["interrupted", problem("problem.interrupted")],
  ["model_access_denied", problem("problem.model_access_denied", "edit")],
  ["model_throttled", problem("problem.model_throttled")],
  ["model_unavailable", problem("problem.model_unavailable")],
  ["not_found", problem("problem.not_found", "edit")],
  ["nothing_pending", problem("problem.nothing_pending", "edit")],
  ["prompt_too_long", TOO_LONG],
  ["quota_used_up", problem("problem.quota_used_up", "edit")],
  ["run_limit", problem("problem.run_limit")],
  ["thread_busy", problem("problem.thread_busy")],
  ["thread_full", problem("problem.thread_full", "edit")],
  ["too_many_runs", problem("problem.too_many_runs")],
  ["unauthorized", SIGNED_OUT],
]);

export function problemOfStatus(status: number): Problem {
  return (
    BY_STATUS[status] ??
    (status >= 500 ? SERVER_FAILED : problem("problem.status", "retry", { status: String(status) }))
  );
}

/** @param message the agent's own sentence, written for people; used for a code that is not known here */
export function problemOfRun(code: string | undefined, message: string): Problem {
  const failed = problem("problem.internal_error");
  return (
    BY_CODE.get(code ?? "") ??
    (message ? { title: message, advice: t("problem.status.advice"), remedy: "retry" } : failed)
  );
}
