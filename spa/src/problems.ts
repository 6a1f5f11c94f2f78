/** What went wrong, in words for the person at the page: what happened, and what to do. */
export interface Problem {
  readonly title: string;
  readonly advice: string;
  /** What the person can do about it here: ask again, sign in again, or nothing but change the text. */
  readonly remedy: "retry" | "sign-in" | "edit";
}

function problem(title: string, advice: string, remedy: Problem["remedy"] = "retry"): Problem {
  return { title, advice, remedy };
}

export const UNREACHABLE = problem(
  "The agent could not be reached.",
  "Check your connection, then try again.",
);

export const SIGNED_OUT = problem(
  "Your sign-in has ended.",
  "Sign in again. Your conversation and what you typed stay here.",
  "sign-in",
);

const TOO_LONG = problem("This message is too long.", "Shorten it, or send it in parts.", "edit");
const BUSY = problem(
  "There are too many requests at the moment.",
  "Wait a few seconds, then try again.",
);

/** Answers of the API itself, before a run began. */
const BY_STATUS: Record<number, Problem> = {
  400: problem("The API did not accept this message.", "Change it, or start a new chat.", "edit"),
  401: SIGNED_OUT,
  402: problem("This account's quota is used up.", "Ask whoever runs this site."),
  403: problem("You may not use this agent.", "Ask whoever runs this site for access.", "edit"),
  404: problem("The agent is not there.", "Whoever runs this site needs to deploy it."),
  409: problem("The agent is busy with this conversation.", "Wait a few seconds, then try again."),
  413: TOO_LONG,
  424: problem(
    "The agent failed before it could answer.",
    "Try again. If it stays so, start a new chat.",
  ),
  429: BUSY,
};

const SERVER_FAILED = problem(
  "The service has a fault at the moment.",
  "Wait a little, then try again.",
);

/** The stable codes of RUN_ERROR. */
const BY_CODE = new Map(
  Object.entries({
    unauthorized: SIGNED_OUT,
    bad_request: problem(
      "The agent did not understand this request.",
      "Change it, or start a new chat.",
      "edit",
    ),
    prompt_too_long: TOO_LONG,
    thread_busy: problem(
      "This conversation is still answering.",
      "Wait for it to end, then try again.",
    ),
    model_unavailable: problem("The model cannot be reached.", "Wait a little, then try again."),
    model_throttled: problem(
      "The model has too many requests at the moment.",
      "Wait a few seconds, then try again.",
    ),
    model_access_denied: problem(
      "This account may not use the model.",
      "Whoever runs this site needs to grant it.",
      "edit",
    ),
    storage_unavailable: problem(
      "The conversation could not be read or saved.",
      "Wait a little, then try again.",
    ),
    internal_error: problem(
      "The agent failed while it answered.",
      "Try again. If it stays so, start a new chat.",
    ),
  }),
);

export function problemOfStatus(status: number): Problem {
  return (
    BY_STATUS[status] ??
    (status >= 500 ? SERVER_FAILED : problem(`The API answered ${status}.`, "Try again."))
  );
}

/** @param message the agent's own sentence, written for people; used for a code that is not known here */
export function problemOfRun(code: string | undefined, message: string): Problem {
  return (
    BY_CODE.get(code ?? "") ??
    problem(message || "The agent failed while it answered.", "Try again.")
  );
}
