import {
  type AnswerState,
  createAnswer,
  createTool,
  type Message,
  type Part,
  type Question,
  type ToolState,
} from "./conversation";
import { TextStream } from "./text-stream";

/**
 * This tab's copy of what the page shows, so that a reload, or signing in again, loses no word.
 * The server's history stays the truth: only what was already on the page comes back from here.
 */
const STORED = "sluice.transcript";

type StoredPart =
  | { kind: "text"; id: string; text: string }
  | { kind: "tool"; id: string; name: string; state: ToolState; args: string; result: string };
type StoredMessage =
  | { role: "user"; id: string; text: string }
  | { role: "assistant"; state: AnswerState; parts: StoredPart[] };

export function saveTranscript(messages: readonly Message[]): void {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(messages.map(pack)));
  } catch {
    // A tab may keep about 5 MB. Past that the copy is given up, not the conversation.
    sessionStorage.removeItem(STORED);
  }
}

/** An answer that was running or had failed when it was saved comes back as interrupted, with its Retry. */
export function loadTranscript(): Message[] {
  const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "[]") as StoredMessage[];
  const messages: Message[] = [];
  let question: Question | undefined;
  for (const message of stored) {
    if (message.role === "user") {
      question = message;
      messages.push(question);
    } else if (question) {
      const ended = message.state === "finished" || message.state === "stopped";
      messages.push(
        createAnswer(
          question,
          ended ? message.state : "interrupted",
          message.parts.map(unpackPart),
        ),
      );
    }
  }
  return messages;
}

function pack(message: Message): StoredMessage {
  if (message.role === "user") return message;
  return {
    role: "assistant",
    state: message.state.value,
    parts: message.parts.value.map(packPart),
  };
}

function packPart(part: Part): StoredPart {
  if (part.kind === "text") return { kind: "text", id: part.id, text: part.stream.text };
  const { id, name, state, args, result } = part;
  return { kind: "tool", id, name, state: state.value, args: args.value, result: result.value };
}

function unpackPart(part: StoredPart): Part {
  if (part.kind === "tool") {
    const state = part.state === "running" ? "failed" : part.state;
    return createTool(part.id, part.name, state, part.args, part.result);
  }
  const stream = new TextStream();
  stream.append(part.text);
  stream.close();
  return { kind: "text", id: part.id, stream };
}
