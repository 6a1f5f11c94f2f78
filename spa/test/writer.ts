import { MarkdownView } from "../src/markdown/view";

/** Writes a text into a markdown view, piece by piece. */
export function writer(...given: ConstructorParameters<typeof MarkdownView>) {
  const view = new MarkdownView(...given);
  let text = "";
  return {
    append(piece: string) {
      text += piece;
      view.show(text);
    },
    close: () => view.show(text, true),
  };
}
