import { whenIdle } from "../browser/scheduler";
import { whenVisible } from "../browser/when-visible";

/** Colouring takes milliseconds per 10 kB; a longer code is read without. */
export const MAX_COLOURED = 30_000;

/**
 * Adds to a block that is complete what takes longer than a frame allows: colours to its code, type
 * to its formulas. Each piece waits until it is nearly seen and the page has time, and the programs
 * for it are loaded by the first that needs them. Where they cannot be loaded, the text stays.
 */
export function enrich(block: HTMLElement): void {
  for (const code of block.querySelectorAll<HTMLElement>("code[data-language]")) {
    if ((code.textContent?.length ?? 0) <= MAX_COLOURED) soon(code, colour);
  }
  for (const formula of block.querySelectorAll<HTMLElement>("span.math")) soon(formula, typesetIn);
}

function soon(element: HTMLElement, work: (element: HTMLElement) => Promise<void>): void {
  whenVisible(element, () =>
    whenIdle(() => {
      if (element.isConnected) work(element).catch(() => undefined);
    }),
  );
}

async function colour(code: HTMLElement): Promise<void> {
  const { highlight } = await import("./highlight");
  const coloured = highlight(code.textContent ?? "", code.dataset.language ?? "");
  if (coloured) code.replaceChildren(coloured);
}

async function typesetIn(formula: HTMLElement): Promise<void> {
  const { typeset } = await import("./typeset");
  const block = formula.parentElement?.className === "formula";
  const math = typeset(formula.textContent ?? "", block);
  if (!math) return;
  formula.replaceChildren(math);
  formula.classList.add("typeset");
}
