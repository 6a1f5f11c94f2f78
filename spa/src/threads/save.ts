import type { Actions } from "../api/actions";
import type { StoredFile, StoredThread, Summary } from "../api/stored";
import { download } from "../browser/download";
import { filesOf } from "../run/files";

/**
 * Hands a conversation to the browser's downloads, as the server has it: with a run that is under way
 * as far as it is.
 *
 * @throws Refused when it cannot be read
 */
export async function saveThread(
  actions: Actions,
  { threadId, title }: Summary,
  format: "md" | "json",
): Promise<void> {
  const [written, whole] = await Promise.all([import("./export"), actions.get(threadId)]);
  const files = await filesIn(whole, actions);
  const isJson = format === "json";
  const text = isJson ? written.asJson(whole, files) : written.asMarkdown(whole, files);
  const type = isJson ? "application/json" : "text/markdown";
  const blob = new Blob([text], { type: `${type};charset=utf-8` });
  download(written.fileName(title, format), blob);
}

/** The files of a conversation that can be had. */
async function filesIn(
  { threadId, runs }: StoredThread,
  actions: Actions,
): Promise<Map<string, StoredFile>> {
  const found = new Map<string, StoredFile>();
  const refs = runs.flatMap(({ messages }) => messages.flatMap(({ content }) => filesOf(content)));
  for (const { id } of refs) {
    if (found.has(id)) continue;
    const file = await actions.file(threadId, id).catch(() => undefined);
    if (file) found.set(id, file);
  }
  return found;
}
