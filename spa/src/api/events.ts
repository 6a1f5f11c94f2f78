import type { Event, EventType } from "@ag-ui/core";

/** AG-UI 1.0's events with their types as the plain strings that travel, not as its enum's members. */
type Plain<E> = E extends { type: infer T extends EventType }
  ? Omit<E, "type"> & { type: `${T}` }
  : never;
type AgUiEvent = Plain<Event>;

/** The events this page reads. Others are legal and are skipped. */
const REQUIRED = {
  RUN_STARTED: ["threadId", "runId"],
  RUN_FINISHED: ["threadId", "runId"],
  RUN_ERROR: ["message"],
  TEXT_MESSAGE_START: ["messageId"],
  TEXT_MESSAGE_CONTENT: ["messageId", "delta"],
  TEXT_MESSAGE_END: ["messageId"],
  REASONING_START: ["messageId"],
  REASONING_MESSAGE_START: ["messageId"],
  REASONING_MESSAGE_CONTENT: ["messageId", "delta"],
  REASONING_MESSAGE_END: ["messageId"],
  REASONING_END: ["messageId"],
  TOOL_CALL_START: ["toolCallId", "toolCallName"],
  TOOL_CALL_ARGS: ["toolCallId", "delta"],
  TOOL_CALL_END: ["toolCallId"],
  TOOL_CALL_RESULT: ["toolCallId"],
  REASONING_ENCRYPTED_VALUE: [],
  STATE_SNAPSHOT: [],
  STATE_DELTA: [],
  STEP_STARTED: [],
  STEP_FINISHED: [],
  SUBAGENT_STARTED: ["subagentRunId", "name"],
  SUBAGENT_FINISHED: ["subagentRunId"],
  SUBAGENT_ERROR: ["subagentRunId"],
  MESSAGES_SNAPSHOT: [],
  CUSTOM: ["name"],
} as const satisfies { [T in AgUiEvent["type"]]?: readonly string[] };

export type AgentEvent = Extract<AgUiEvent, { type: keyof typeof REQUIRED }>;

/** A frame that is not an event. Part of the answer may be missing, so the run cannot go on as whole. */
export class MalformedEvent extends Error {
  override name = "MalformedEvent";
}

/**
 * Reads one frame's data. Returns undefined for an event this page does not read.
 *
 * @throws MalformedEvent for bad JSON, or for a known event that lacks a field it must have
 */
export function parseEvent(data: string): AgentEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new MalformedEvent("a frame is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new MalformedEvent("a frame is no object");
  const fields = value as Record<string, unknown>;
  const { type } = fields;
  if (typeof type !== "string") throw new MalformedEvent("a frame has no event type");
  if (!isRead(type)) return undefined;
  const name = missing(type, fields);
  if (name !== undefined) throw new MalformedEvent(`${type} has no ${name}`);
  return value as AgentEvent;
}

/** Whether a value is an event this page reads, with all that it must have. */
export function isAgentEvent(value: unknown): value is AgentEvent {
  const fields = Object(value) as Record<string, unknown>;
  const { type } = fields;
  return typeof type === "string" && isRead(type) && missing(type, fields) === undefined;
}

/** The name of a field that an event must have, and does not. */
function missing(type: keyof typeof REQUIRED, fields: Record<string, unknown>): string | undefined {
  const { content, messages } = fields;
  if (type === "TOOL_CALL_RESULT" && typeof content !== "string" && !Array.isArray(content))
    return "content";
  if (type === "MESSAGES_SNAPSHOT" && !Array.isArray(messages)) return "messages";
  return REQUIRED[type].find((name) => typeof fields[name] !== "string");
}

function isRead(type: string): type is keyof typeof REQUIRED {
  return Object.hasOwn(REQUIRED, type);
}
