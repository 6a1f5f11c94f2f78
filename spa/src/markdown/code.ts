import type { Tokens } from "marked";
import { addElement, addText } from "./dom";

const COPIED_MS = 2000;

/** A code block with its language and a copy button. */
export function renderCode(token: Tokens.Code): HTMLElement {
  const block = document.createElement("div");
  block.className = "code";
  const bar = addElement(block, "div", "code-bar");
  addText(addElement(bar, "span"), languageOf(token) ?? "text");
  const pre = addElement(block, "pre");
  // A block wider than the page scrolls, and the keyboard must be able to scroll it.
  pre.tabIndex = 0;
  const code = addElement(pre, "code");
  addText(code, token.text);
  addCopyButton(bar, code);
  return block;
}

/** Lengthens a code block in place when the new token only adds text: its text node is not replaced. */
export function growCode(block: HTMLElement, before: Tokens.Code, after: Tokens.Code): boolean {
  if (languageOf(before) !== languageOf(after) || !after.text.startsWith(before.text)) return false;
  const text = block.querySelector("code")?.firstChild;
  if (!(text instanceof Text)) return false;
  text.appendData(after.text.slice(before.text.length));
  return true;
}

function languageOf(token: Tokens.Code): string | undefined {
  return /^\S+/.exec(token.lang ?? "")?.[0];
}

function addCopyButton(bar: HTMLElement, code: HTMLElement): void {
  const button = addElement(bar, "button", "copy");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", () => void copy());

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, COPIED_MS);
  }
}
