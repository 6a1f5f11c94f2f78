import type { AgentEvent } from "../api/events";
import type { StoredMessage, StoredRun } from "../api/stored";
import { plainText } from "./images";
import { open, reduce, usageOf } from "./reducer";
import { EMPTY, type RunView } from "./run-view";

/** A stored run as it would be shown if it were streamed. One that is `running` is left open, to be followed. */
export function replay(run: StoredRun): RunView {
  let view = open(EMPTY, true, Date.parse(run.startedAt));
  for (const event of run.messages.slice(1).flatMap(eventsOf)) view = reduce(view, event);
  if (run.state === "running") return view;
  const ended = reduce(view, endOf(run), run.endedAt ? Date.parse(run.endedAt) : undefined);
  // Only here it is told of a run that failed, too.
  return { ...ended, usage: usageOf(run.usage) };
}

/** As the agent tells a stored run again (agent/sluice/runs/transcript.py). */
function eventsOf(message: StoredMessage): AgentEvent[] {
  const { id: messageId, role, toolCallId = "" } = message;
  const delta = plainText(message.content);
  switch (role) {
    case "assistant":
      return [
        ...written("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", messageId, delta),
        ...(message.toolCalls ?? []).flatMap((call): AgentEvent[] => [
          {
            type: "TOOL_CALL_START",
            toolCallId: call.id,
            toolCallName: call.function.name,
            parentMessageId: messageId,
          },
          { type: "TOOL_CALL_ARGS", toolCallId: call.id, delta: call.function.arguments },
        ]),
      ];
    case "reasoning":
      return written("REASONING_MESSAGE_CONTENT", "REASONING_END", messageId, delta);
    case "tool": {
      const content = (message.content || message.error) ?? "";
      const metadata = message.error === undefined ? {} : { status: "error" };
      return [{ type: "TOOL_CALL_RESULT", messageId, toolCallId, content, metadata } as AgentEvent];
    }
    default:
      return [];
  }
}

function written(
  content: "TEXT_MESSAGE_CONTENT" | "REASONING_MESSAGE_CONTENT",
  end: "TEXT_MESSAGE_END" | "REASONING_END",
  messageId: string,
  delta: string,
): AgentEvent[] {
  return delta ? [{ type: content, messageId, delta } as AgentEvent, { type: end, messageId }] : [];
}

function endOf({ runId, state, error }: StoredRun): AgentEvent {
  const isCancelled = state === "stopped";
  if (isCancelled || state === "finished") {
    const outcome = { type: isCancelled ? "cancelled" : "success" } as const;
    return { type: "RUN_FINISHED", threadId: "", runId, outcome };
  }
  const { code = "internal_error", message = "" } = error ?? {};
  return { type: "RUN_ERROR", code: state === "interrupted" ? state : code, message };
}
