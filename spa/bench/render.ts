import { MarkdownView } from "../src/markdown/view";

declare global {
  interface Window {
    /**
     * Shows a markdown text as an answer, in place of the last one, in pieces of so many characters
     * with a frame between them (0: at once). Resolves when it stands, with its colours and formulas.
     */
    renderMarkdown(text: string, step?: number): Promise<void>;
  }
}

window.renderMarkdown = async (text, step = 0) => {
  const element = document.createElement("div");
  element.className = "markdown";
  document.querySelector("main")?.replaceChildren(element);
  const view = new MarkdownView(element);
  for (let at = step; step && at < text.length + step; at += step) {
    view.show(text.slice(0, at));
    await new Promise(requestAnimationFrame);
  }
  view.show(text, true);
  // What is loaded on demand comes after the observer's frame, in idle time.
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  await new Promise((resolve) => requestIdleCallback(resolve));
};
