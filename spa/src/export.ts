import { brand } from "./brand";
import { formatDate, t } from "./i18n";
import type { StoredConversation, StoredMessage, StoredRun } from "./wire/stored";

/** A conversation as a file: the server's own record. */
export function asJson(conversation: StoredConversation): string {
  return `${JSON.stringify(conversation, null, 2)}\n`;
}

/** A conversation to be read: what was said, with tool calls as blocks. Reasoning is left out. */
export function asMarkdown(conversation: StoredConversation): string {
  const head = `# ${oneLine(conversation.title)}\n\n${formatDate(Date.parse(conversation.createdAt))}`;
  return `${[head, ...conversation.runs.map(markdownOf)].join("\n\n")}\n`;
}

function markdownOf(run: StoredRun): string {
  const [question, ...rest] = run.messages;
  const results = new Map(
    rest.filter(({ role }) => role === "tool").map((message) => [message.toolCallId, message]),
  );
  const said = rest.flatMap((message) => {
    if (message.role !== "assistant") return [];
    const calls = (message.toolCalls ?? []).map((call) => {
      const result = results.get(call.id);
      const text = `${call.function.name}(${call.function.arguments})\n${textOf(result) || (result?.error ?? "")}`;
      return fenced(text.trimEnd());
    });
    return [textOf(message).trim(), ...calls].filter(Boolean);
  });
  const ending = run.error ? [`_${oneLine(run.error.message)}_`] : [];
  return [
    `## ${t("message.you")}`,
    textOf(question),
    `## ${oneLine(brand.name)}`,
    ...said,
    ...ending,
  ].join("\n\n");
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
