import type { StoredFile, StoredMessage, StoredRun, StoredThread } from "../api/stored";
import { brand } from "../brand";
import { formatDate, t } from "../i18n";
import { type Call, callOf } from "../run/calls";
import { citationsIn, citedIn } from "../run/citations";
import { type FileRef, filesOf, plainText } from "../run/files";
import { questionOf, saidIn } from "../run/replay";

/** The files of a conversation by their ids. */
export type Files = ReadonlyMap<string, StoredFile>;

/** A conversation as a file: the server's own record, and the files that it refers to. */
export function asJson(openThread: StoredThread, files: Files = new Map()): string {
  const whole = files.size > 0 ? { ...openThread, files: Object.fromEntries(files) } : openThread;
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/**
 * A conversation to be read: what was said, with tool calls as blocks, and images in their places.
 * Reasoning is left out, and of documents only what they are called stays.
 */
export function asMarkdown(openThread: StoredThread, files: Files = new Map()): string {
  const head = `# ${oneLine(openThread.title)}\n\n${formatDate(Date.parse(openThread.createdAt))}`;
  const runs = openThread.runs.map((run) => markdownOf(run, files));
  return `${[head, ...runs].join("\n\n")}\n`;
}

function markdownOf(run: StoredRun, files: Files): string {
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
      const made = filesOf(message.content).map((file) => nameOrLink(file, files));
      if (call) call.result = result;
      else said.push({ id: message.id, messageId: message.id, text: result });
      said.push(...made);
    }
  }
  const blocks = said.map((each) =>
    typeof each === "string" ? each : fenced(`${each.text}\n${each.result ?? ""}`.trimEnd()),
  );
  const sources = sourcesOf(run);
  const ending = run.error ? [`_${oneLine(run.error.message)}_`] : [];
  const answer = [...blocks.filter(Boolean), ...sources, ...ending];
  const name = `## ${oneLine(brand.name)}`;
  const given = filesOf(question?.content).map((file) => nameOrLink(file, files));
  const words = [plainText(question?.content), ...given].filter(Boolean);
  const asked = question ? [`## ${t("message.you")}`, ...words, name] : [];
  return [...asked, ...answer].join("\n\n");
}

/** What the answer cites, as a list below it. */
function sourcesOf(run: StoredRun): readonly string[] {
  const said = saidIn(run).filter(({ role }) => role === "assistant");
  const told = said.findLast(({ metadata }) => metadata?.citations)?.metadata?.citations ?? [];
  const cited = citedIn(said.map(textOf).join("\n"), citationsIn(told));
  const lines = cited.map(({ number, title, text, url }) =>
    [`- [${number}] ${oneLine(title)}`, text && `: “${oneLine(text)}”`, url && ` <${url}>`].join(
      "",
    ),
  );
  return lines.length > 0 ? [`**${t("sources.title")}**`, lines.join("\n")] : [];
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

/** What stands in the place of a file. */
function nameOrLink(file: FileRef, files: Files): string {
  return linkTo(file, files) ?? `[${oneLine(file.name) || file.mimeType}]`;
}

/** An image with its bytes, as Markdown has it; undefined for what is none, or is not there. */
function linkTo({ id, kind, name }: FileRef, files: Files): string | undefined {
  const file = files.get(id);
  if (kind !== "image" || !file) return undefined;
  return `![${oneLine(name.replace(/[[\]\\]/g, " "))}](data:${file.mimeType};base64,${file.data})`;
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
