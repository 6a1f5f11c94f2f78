import type { AgentEvent } from "../api/events";
import type { StoredMessage, StoredRun } from "../api/stored";
import { plainText } from "./files";
import { open, reduce, usageOf } from "./reducer";
import { EMPTY, type RunView, type ToolPart } from "./run-view";

/**
 * A stored run as it would be shown if it were streamed. One that is `running` is left open, to be followed.
 *
 * @param openCalls those of the run before it, where it goes on from that one
 */
export function replay(run: StoredRun, openCalls: readonly ToolPart[] = []): RunView {
  let view = open({ ...EMPTY, openCalls }, true, Date.parse(run.startedAt));
  for (const event of saidIn(run).flatMap(eventsOf)) view = reduce(view, event);
  if (run.state === "running") return view;
  const ended = reduce(view, endOf(run), run.endedAt ? Date.parse(run.endedAt) : undefined);
  // Only here it is told of a run that failed, too.
  return { ...ended, usage: usageOf(run.usage) };
}

/** What the person asked; undefined where the run goes on from the one before it. */
export function questionOf({ messages, given = 1 }: StoredRun): StoredMessage | undefined {
  return messages.slice(0, given).find(({ role }) => role === "user");
}

/** What came of it: results of the client's tools are its own words, and still what calls came to. */
export function saidIn({ messages, given = 1 }: StoredRun): readonly StoredMessage[] {
  return messages.filter(({ role }, i) => role === "tool" || i >= given);
}

/** As the agent tells a stored run again (agent/sluice/runs/transcript.py). */
function eventsOf(message: StoredMessage): AgentEvent[] {
  const { id: messageId, role, toolCallId = "" } = message;
  const delta = plainText(message.content);
  switch (role) {
    case "assistant":
      return [
        ...written("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", messageId, delta, message.metadata),
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
  metadata: StoredMessage["metadata"] = {},
): AgentEvent[] {
  return delta
    ? [{ type: content, messageId, delta } as AgentEvent, { type: end, messageId, metadata }]
    : [];
}

function endOf({ runId, state, error, outcome }: StoredRun): AgentEvent {
  if (state === "stopped")
    return { type: "RUN_FINISHED", threadId: "", runId, outcome: { type: "cancelled" } };
  if (state === "finished")
    return { type: "RUN_FINISHED", threadId: "", runId, outcome: outcome ?? { type: "success" } };
  const { code = "internal_error", message = "" } = error ?? {};
  return { type: "RUN_ERROR", code: state === "interrupted" ? state : code, message };
}
