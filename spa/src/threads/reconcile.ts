import type { StoredMessage, StoredRun } from "../api/stored";
import {
  type Answer,
  close,
  createAnswer,
  createReasoning,
  createTool,
  type Part,
  plainText,
  type Question,
  usageOf,
} from "../run/answer";
import { callOf } from "../run/calls";
import { imagesOf } from "../run/images";
import type { Outcome } from "../run/outcome";
import { problemOfRun } from "../run/problems";
import { TextStream } from "../run/text-stream";

/**
 * The answers to show: the server's in its order, of which those that are shown and have not changed
 * stay the same objects, so that they are not drawn again; and those that only this page has.
 *
 * @param running the answer that is being received: it knows more than what is stored of it
 * @param unsent the runs whose messages wait to be sent
 */
export function merge(
  runs: readonly StoredRun[],
  shown: readonly Answer[],
  running: Answer | undefined,
  unsent: ReadonlySet<string>,
): Answer[] {
  const known = new Map(shown.map((answer) => [answer.runId, answer]));
  const stored = runs.map((run) => {
    const here = known.get(run.runId);
    known.delete(run.runId);
    // What is to be sent or followed again has not been received to its end.
    const isSame =
      here?.state.value === run.state &&
      run.state !== "running" &&
      here.retryMode.value === "regenerate";
    if (!here || !(isSame || here === running)) return answerOf(run);
    if (isSame) here.rating.value = run.rating ?? null;
    return here;
  });
  const own = [...known.values()];
  const waiting = own.filter((answer) => answer === running || unsent.has(answer.runId));
  const all = [...stored, ...waiting];
  // What the agent never took, and the person has passed over, stays behind what it stood behind.
  for (const answer of own) {
    if (waiting.includes(answer) || answer.retryMode.value !== "resend") continue;
    const before = shown[shown.indexOf(answer) - 1];
    const place = all.findIndex(({ runId }) => runId === before?.runId);
    all.splice(place + 1, 0, answer);
  }
  return all;
}

/** Whether the server has a run for good: one that has said nothing yet may be refused after its start. */
export function isSurelyKept({ state, messages }: StoredRun): boolean {
  return state !== "running" || messages.length > 1;
}

/** A stored run as the page shows it. One that is `running` is left open, to be followed. */
function answerOf(run: StoredRun): Answer {
  const [first, ...rest] = run.messages;
  const question: Question = {
    role: "user",
    id: first?.id ?? run.runId,
    text: plainText(first?.content),
  };
  const answer = createAnswer(question, run.runId);
  answer.parts.value = partsOf(rest);
  answer.startedAt.value = Date.parse(run.startedAt);
  answer.usage.value = usageOf(run.usage);
  answer.rating.value = run.rating ?? null;
  if (run.state !== "running")
    close(answer, outcomeOf(run), run.endedAt ? Date.parse(run.endedAt) : undefined);
  return answer;
}

function outcomeOf({ state, error }: StoredRun): Outcome {
  if (state !== "failed" && state !== "interrupted")
    return { kind: state === "stopped" ? "stopped" : "finished" };
  const problem = error && problemOfRun(error.code, error.message);
  return { kind: state, problem, retryMode: "regenerate" };
}

function partsOf(messages: readonly StoredMessage[]): Part[] {
  const parts: Part[] = [];
  for (const message of messages) {
    const text = plainText(message.content);
    if (message.role === "assistant") {
      if (text) parts.push({ kind: "text", id: message.id, stream: TextStream.of(text) });
      for (const call of message.toolCalls ?? []) {
        const tool = createTool(call.id, message.id, call.function.name);
        tool.args.value = call.function.arguments;
        parts.push(tool);
      }
    } else if (message.role === "reasoning") {
      const part = createReasoning(message.id);
      part.stream.append(text);
      part.state.value = "done";
      parts.push(part);
    } else if (message.role === "tool") {
      const calls = parts.filter((part) => part.kind === "tool");
      const call = callOf(calls, message.toolCallId, ({ state }) => state.value !== "running");
      if (!call) continue;
      call.images.value = imagesOf(message.content);
      call.result.value = text || (message.error ?? "");
      call.state.value = message.error === undefined ? "done" : "failed";
    }
  }
  return parts;
}
