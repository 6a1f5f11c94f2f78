import type { AgentEvent } from "../api/events";
import type { Reply } from "./asks";
import type { FileRef } from "./files";
import type { Problem } from "./problems";

/** What a person asks. `runId` stays the same however often it has to be sent. */
export interface RunInput {
  readonly threadId: string;
  readonly runId: string;
  readonly messageId: string;
  readonly text: string;
  readonly files?: readonly FileRef[];
  /** The run whose place this one takes, with all that came after it. */
  readonly replaces?: string;
  /** In place of a text: what the person says to what the last run asked. */
  readonly resume?: readonly Reply[];
}

/**
 * live: what is shown is what there is. reconnecting: the stream was cut, the rest is being asked
 * for. waiting: there is no network, and it goes on when there is.
 */
export type Connection = "live" | "reconnecting" | "waiting";

export interface Listener {
  /** A RUN_STARTED after other events begins the answer anew: what was shown of it is replaced. */
  event(event: AgentEvent): void;
  connection(connection: Connection): void;
}

/**
 * How an answer that is not whole can be asked for again. resend: send the same run again, which the
 * agent does not have. resume: ask for the rest of it, which the agent may have. regenerate: a new run.
 */
export type RetryMode = "resend" | "resume" | "regenerate";

/** Why nothing more is heard of a run: its last event told its end; or it could not be heard to its end. */
export type Outcome = { readonly kind: "ended" } | Broken;

/**
 * interrupted: the answer may be incomplete, and nothing more will come by itself. stopped: the person
 * does not want it any more.
 */
export interface Broken {
  readonly kind: "failed" | "interrupted" | "stopped";
  readonly problem: Problem | undefined;
  readonly retryMode: RetryMode;
}
