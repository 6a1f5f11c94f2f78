import type { StoredMessage, StoredRun, StoredThread } from "../api/stored";
import { brand } from "../brand";
import { formatDate, t } from "../i18n";
import { type Call, callOf } from "../run/calls";
import { questionOf, saidIn } from "../run/replay";

/** A conversation as a file: the server's own record. */
export function asJson(openThread: StoredThread): string {
  return `${JSON.stringify(openThread, null, 2)}\n`;
}

/** A conversation to be read: what was said, with tool calls as blocks. Reasoning is left out. */
export function asMarkdown(openThread: StoredThread): string {
  const head = `# ${oneLine(openThread.title)}\n\n${formatDate(Date.parse(openThread.createdAt))}`;
  return `${[head, ...openThread.runs.map(markdownOf)].join("\n\n")}\n`;
}

function markdownOf(run: StoredRun): string {
  const question = questionOf(run);
  const said: (string | MadeCall)[] = [];
  for (const message of saidIn(run)) {
    if (message.role === "assistant") {
      said.push(textOf(message).trim());
      for (const { id, function: asked } of message.toolCalls ?? [])
        said.push({ id, messageId: message.id, text: `${asked.name}(${asked.arguments})` });
    } else if (message.role === "tool") {
      const calls = said.filter((each) => typeof each !== "string");
      const call = callOf(calls, message.toolCallId, ({ result }) => result !== undefined);
      const result = textOf(message) || (message.error ?? "");
      if (call) call.result = result;
      else said.push({ id: message.id, messageId: message.id, text: result });
    }
  }
  const blocks = said.map((each) =>
    typeof each === "string" ? each : fenced(`${each.text}\n${each.result ?? ""}`.trimEnd()),
  );
  const ending = run.error ? [`_${oneLine(run.error.message)}_`] : [];
  const answer = [...blocks.filter(Boolean), ...ending];
  const name = `## ${oneLine(brand.name)}`;
  const asked = question ? [`## ${t("message.you")}`, textOf(question), name] : [];
  return [...asked, ...answer].join("\n\n");
}

/** A tool call to be written, and what it came to when that is known. */
interface MadeCall extends Call {
  readonly text: string;
  result?: string;
}

function textOf(message: StoredMessage | undefined): string {
  const content = message?.content ?? "";
  return typeof content === "string"
    ? content
    : content.map((part) => part.text ?? `[${part.source?.mimeType ?? part.type}]`).join("\n");
}

/** With a fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** @param extension without the dot */
export function fileName(title: string, extension: string): string {
  // What file systems refuse or read as something else.
  const name = oneLine(title.replace(/[\p{C}\\/:*?"<>|.]+/gu, " "));
  return `${name.slice(0, 80).trim() || "conversation"}.${extension}`;
}

/** Hands a text to the browser's downloads. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by the time the next task runs.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
