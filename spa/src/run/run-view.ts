import type { AnswerState } from "../api/stored";
import type { MessageKey } from "../i18n";
import type { FileRef } from "./files";
import type { RetryMode } from "./outcome";
import type { Problem } from "./problems";

/** What the events of a run have come to: all that the page shows of it. Never changed, only replaced. */
export interface RunView {
  readonly state: AnswerState;
  /** The agent has taken the message. */
  readonly isTaken: boolean;
  readonly parts: readonly Part[];
  /** What the agent wants read that does not end the run, such as "not saved". */
  readonly notices: readonly Notice[];
  /** The sources it may cite, as they were told (run/citations.ts). */
  readonly citations: readonly unknown[];
  readonly usage: Usage | undefined;
  readonly problem: Problem | undefined;
  /** How it can be asked for again, once it has ended. */
  readonly retryMode: RetryMode;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** What a person is to say before another run goes on from this one. */
  readonly asks: readonly Ask[];
  /** The calls that the run before it left open: this one may have their results. */
  readonly openCalls: readonly ToolPart[];
}

/** AG-UI's Interrupt. */
export interface Ask {
  readonly id: string;
  /** Whether a tool may be called; otherwise it is something of the agent's own. */
  readonly isApproval: boolean;
  readonly message: string;
  readonly callId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

export type Part = WrittenPart | ToolPart;

export interface WrittenPart {
  readonly kind: "text" | "reasoning";
  readonly id: string;
  readonly text: string;
  /** Nothing more comes. */
  readonly isClosed: boolean;
  /** Milliseconds since the epoch; undefined for what was not seen happening. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
}

/** waiting: for a person, or for the client that the tool belongs to. */
export type ToolState = "running" | "waiting" | "done" | "failed";

export interface ToolPart {
  readonly kind: "tool";
  readonly id: string;
  /** The message that made the call. */
  readonly messageId: string;
  readonly name: string;
  readonly state: ToolState;
  /** JSON as the model wrote it; grows while the call is written. */
  readonly args: string;
  readonly result: string;
  /** What it made beside text. */
  readonly files: readonly FileRef[];
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
}

/** In the page's words where it has them; the agent's own sentence otherwise. */
export type Notice = { readonly key: MessageKey } | { readonly sentence: string };

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly model?: string;
}

/** A run of which nothing has arrived. */
export const EMPTY: RunView = {
  state: "running",
  isTaken: false,
  parts: [],
  notices: [],
  citations: [],
  usage: undefined,
  problem: undefined,
  retryMode: "regenerate",
  startedAt: undefined,
  endedAt: undefined,
  asks: [],
  openCalls: [],
};

/** The calls among a run's parts. */
export function toolsOf({ parts }: RunView): readonly ToolPart[] {
  return parts.filter((part) => part.kind === "tool");
}

/** Whether nothing on the page moves: before the first text or call, and after a call's result. */
export function isThinking({ state, parts }: RunView): boolean {
  if (state !== "running") return false;
  const last = parts.at(-1);
  if (last?.kind === "tool") return last.state !== "running";
  return !last?.text || (last.kind === "reasoning" && last.isClosed);
}
