import { MARK } from "../run/citations";

/**
 * Puts a button in the place of each mark in a block of text that is the number of a source.
 *
 * @param titleOf what a source is called; undefined where there is none of this number
 */
export function linkMarks(
  block: HTMLElement,
  titleOf: (number: number) => string | undefined,
): void {
  const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (texts.nextNode()) {
    const text = texts.currentNode as Text;
    if (!text.parentElement?.closest("a, button, code, pre, .math") && text.data.match(MARK))
      found.push(text);
  }
  for (const text of found) text.replaceWith(...piecesOf(text.data, titleOf));
}

function piecesOf(
  text: string,
  titleOf: (number: number) => string | undefined,
): (string | HTMLElement)[] {
  const pieces: (string | HTMLElement)[] = [];
  let end = 0;
  for (const { 0: mark, 1: listed = "", index } of text.matchAll(MARK)) {
    const titles = listed.split(",").map((number) => ({ number, title: titleOf(Number(number)) }));
    if (titles.some(({ title }) => title === undefined)) continue;
    pieces.push(text.slice(end, index));
    for (const { number, title = "" } of titles) pieces.push(buttonOf(number.trim(), title));
    end = index + mark.length;
  }
  return [...pieces, text.slice(end)];
}

function buttonOf(number: string, title: string): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "cite";
  button.dataset.number = number;
  button.title = title;
  button.textContent = `[${number}]`;
  return button;
}
