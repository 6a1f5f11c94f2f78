import type { Actions } from "../api/actions";
import type { Summary } from "../api/stored";

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
  const [files, whole] = await Promise.all([import("./export"), actions.get(threadId)]);
  const isJson = format === "json";
  const text = isJson ? files.asJson(whole) : files.asMarkdown(whole);
  const type = isJson ? "application/json" : "text/markdown";
  files.download(files.fileName(title, format), text, type);
}
