import type { Tokens } from "marked";
import { t } from "../i18n";
import { addElement, addText } from "./dom";
import { decodeEntities } from "./entities";

const COPIED_MS = 2000;

/** A code block with its language and a copy button. Its colours come once it is complete. */
export function renderCode(token: Tokens.Code): HTMLElement {
  const language = languageOf(token);
  const block = document.createElement("div");
  block.className = "code";
  const bar = addElement(block, "div", "code-bar");
  addText(addElement(bar, "span"), language ?? t("code.text"));
  const pre = addElement(block, "pre");
  // A block wider than the page scrolls, and the keyboard must be able to scroll it.
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", t("code.label", { language: language ?? t("code.text") }));
  const code = addElement(pre, "code");
  if (language) code.dataset.language = language.toLowerCase();
  addText(code, token.text);
  addCopyButton(bar, code);
  return block;
}

/** Lengthens a code block in place when the new token only adds text: its text node is not replaced. */
export function growCode(block: HTMLElement, before: Tokens.Code, after: Tokens.Code): boolean {
  if (languageOf(before) !== languageOf(after) || !after.text.startsWith(before.text)) return false;
  const code = block.querySelector("code");
  const text = code?.firstChild;
  // More than one node: its colours are there already.
  if (!(text instanceof Text) || text.nextSibling) return false;
  text.appendData(after.text.slice(before.text.length));
  return true;
}

function languageOf(token: Tokens.Code): string | undefined {
  return /^\S+/.exec(decodeEntities(token.lang ?? ""))?.[0];
}

function addCopyButton(bar: HTMLElement, code: HTMLElement): void {
  const button = addElement(bar, "button", "copy");
  button.type = "button";
  button.textContent = t("message.copy");
  button.addEventListener("click", () => void copy());

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      button.textContent = t("message.copied");
    } catch {
      button.textContent = t("message.notCopied");
    }
    setTimeout(() => {
      button.textContent = t("message.copy");
    }, COPIED_MS);
  }
}
