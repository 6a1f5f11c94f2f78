import type { RunFinishedOutcome } from "@ag-ui/core";

/** The bodies that actions are answered with (docs/wire.md). */

/** How far a run is, or how it ended. */
export type AnswerState = "running" | "finished" | "failed" | "interrupted" | "stopped";

export interface Summary {
  readonly threadId: string;
  readonly title: string;
  /** UTC, ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** One of AG-UI's content parts; `source` is of a part that is not text. */
export interface StoredPart {
  readonly type: string;
  readonly text?: string;
  readonly source?: { readonly type: string; readonly value: string; readonly mimeType?: string };
  readonly metadata?: { readonly size?: number; readonly name?: string };
}

/** What the action `file` is answered with; `data` is base64. */
export interface StoredFile {
  readonly mimeType: string;
  readonly data: string;
}

export interface StoredMessage {
  readonly id: string;
  readonly role: string;
  readonly content?: string | readonly StoredPart[];
  readonly toolCalls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly toolCallId?: string;
  readonly error?: string;
  readonly metadata?: { readonly citations?: readonly unknown[] };
}

export interface StoredRun {
  readonly runId: string;
  readonly state: AnswerState;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly messages: readonly StoredMessage[];
  readonly usage?: StoredUsage;
  readonly error?: { readonly code: string; readonly message: string };
  readonly rating?: "up" | "down";
  /** How many of the messages are the client's; 1 when it is left out. */
  readonly given?: number;
  /** AG-UI's, where it leaves something open. */
  readonly outcome?: RunFinishedOutcome;
}

/** AG-UI's TokenUsage, of which every field may be missing. */
export interface StoredUsage {
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
}

export interface StoredThread extends Summary {
  readonly runs: readonly StoredRun[];
}

/** What the action `search` found in a conversation. */
export interface Finding {
  readonly threadId: string;
  readonly excerpt: string;
}

/** What the agent says of itself when it is warmed. */
export interface AgentInfo {
  readonly model?: string;
  readonly tools?: readonly { readonly name: string; readonly description: string }[];
  readonly limits?: {
    readonly prompt?: number;
    readonly imageBytes?: number;
    readonly documentBytes?: number;
    readonly images?: number;
    readonly documents?: number;
  };
  readonly capabilities?: {
    readonly multimodal?: { readonly input?: { readonly image?: boolean } };
  };
}
