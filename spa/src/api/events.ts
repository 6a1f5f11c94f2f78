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
  for (const name of REQUIRED[type]) {
    if (typeof fields[name] !== "string") throw new MalformedEvent(`${type} has no ${name}`);
  }
  const { content } = fields;
  if (type === "TOOL_CALL_RESULT" && typeof content !== "string" && !Array.isArray(content)) {
    throw new MalformedEvent(`${type} has no content`);
  }
  if (type === "MESSAGES_SNAPSHOT" && !Array.isArray(fields.messages)) {
    throw new MalformedEvent(`${type} has no messages`);
  }
  return value as AgentEvent;
}

function isRead(type: string): type is keyof typeof REQUIRED {
  return Object.hasOwn(REQUIRED, type);
}
