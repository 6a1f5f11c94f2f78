import type { MarkedToken, Token, Tokens } from "marked";
import { t } from "../i18n";
import { growCode, renderCode } from "./code";
import type { DetailsToken } from "./details";
import { addElement, addText } from "./dom";
import type { FootnoteToken } from "./footnote";
import { renderFootnote } from "./footnotes";
import { addMath, growInline, renderInline } from "./inline";
import type { MathToken } from "./math";

/** Where the outline stands: the level of the heading before, so that no level is ever skipped. */
export interface Outline {
  level: number;
}

/** The page's title and each answer's own heading take the two levels above. */
export const OUTLINE_START = 2;

/** Adds block tokens to a node. */
export function renderBlocks(tokens: readonly Token[], parent: Node, outline: Outline): void {
  for (const token of tokens) {
    const node = renderBlock(token, outline);
    if (node) parent.appendChild(node);
  }
}

/** Makes a block's node. Undefined for tokens that show nothing: blank lines, reference definitions. */
export function renderBlock(generic: Token, outline: Outline): HTMLElement | undefined {
  const token = generic as MarkedToken | MathToken | FootnoteToken | DetailsToken;
  switch (token.type) {
    case "space":
    case "def":
      return undefined;
    case "heading":
      return renderHeading(token, outline);
    case "code":
      return renderCode(token);
    case "math": {
      const block = document.createElement("div");
      block.className = "formula";
      // A formula wider than the page scrolls, and the keyboard must be able to scroll it.
      block.tabIndex = 0;
      block.setAttribute("role", "group");
      block.setAttribute("aria-label", t("math.label"));
      addMath(block, token);
      return block;
    }
    case "footnote": {
      const note = renderFootnote(token.name);
      if (token.tokens?.length) renderInline(token.tokens, addElement(note, "p"));
      renderBlocks(token.rest, note, outline);
      return note;
    }
    case "details": {
      const details = document.createElement("details");
      // Nobody is to look for what is still being written.
      details.open = !token.closed;
      renderInline(token.summary, addElement(details, "summary"));
      renderBlocks(token.tokens ?? [], details, outline);
      return details;
    }
    case "blockquote": {
      const quote = document.createElement("blockquote");
      renderBlocks(token.tokens, quote, outline);
      return quote;
    }
    case "list":
      return renderList(token, outline);
    case "table":
      return renderTable(token);
    case "hr":
      return document.createElement("hr");
    case "html": {
      const text = document.createElement("p");
      text.className = "raw";
      addText(text, token.raw.trimEnd());
      return text;
    }
    default: {
      const paragraph = document.createElement("p");
      renderInline("tokens" in token && token.tokens ? token.tokens : [token], paragraph);
      return paragraph;
    }
  }
}

/** Changes a block's node in place where its token only grew. False: it must be made anew. */
export function growBlock(
  node: HTMLElement,
  before: Token,
  after: Token,
  outline: Outline,
): boolean {
  if (before.type === "code" && after.type === "code") {
    return growCode(node, before as Tokens.Code, after as Tokens.Code);
  }
  if (before.type === "list" && after.type === "list") {
    return growList(node, before as Tokens.List, after as Tokens.List, outline);
  }
  if (before.type === "paragraph" && after.type === "paragraph") {
    return growInline(node, before.tokens ?? [], after.tokens ?? []);
  }
  return false;
}

function renderHeading(token: Tokens.Heading, outline: Outline): HTMLElement {
  outline.level = Math.min(token.depth + OUTLINE_START, outline.level + 1, 6);
  const heading = document.createElement(`h${outline.level}`);
  // Looks as deep as it was written, whatever its level in the page's outline.
  heading.className = `depth-${token.depth}`;
  renderInline(token.tokens, heading);
  return heading;
}

function renderList(token: Tokens.List, outline: Outline): HTMLElement {
  const list = document.createElement(token.ordered ? "ol" : "ul");
  if (list instanceof HTMLOListElement && token.start !== 1) list.start = Number(token.start);
  for (const item of token.items) list.appendChild(renderItem(item, outline));
  return list;
}

/** The items before the last are whole: they stay, and the last one is made anew. */
function growList(
  list: HTMLElement,
  before: Tokens.List,
  after: Tokens.List,
  outline: Outline,
): boolean {
  const alike =
    before.ordered === after.ordered &&
    before.start === after.start &&
    before.loose === after.loose;
  // A heading in an item moves the outline, which must then be followed from the list's start.
  if (!alike || list.querySelector("h3, h4, h5, h6")) return false;
  const changed = after.items.findIndex((item, i) => item.raw !== before.items[i]?.raw);
  const kept = changed < 0 ? after.items.length : changed;
  while (list.children.length > kept) list.lastElementChild?.remove();
  for (const item of after.items.slice(kept)) list.appendChild(renderItem(item, outline));
  return true;
}

function renderItem(token: Tokens.ListItem, outline: Outline): HTMLLIElement {
  const item = document.createElement("li");
  if (token.task) item.className = "task";
  for (const child of token.tokens) {
    // In a tight list an item's text stands without a paragraph of its own.
    if (child.type === "text" || child.type === "checkbox") renderInline([child], item);
    else renderBlocks([child], item, outline);
  }
  return item;
}

function renderTable(token: Tokens.Table): HTMLElement {
  const frame = document.createElement("div");
  frame.className = "table";
  // A table wider than the page scrolls, and the keyboard must be able to scroll it.
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", t("table.label"));
  const table = addElement(frame, "table");
  const head = addElement(addElement(table, "thead"), "tr");
  for (const cell of token.header) renderCell(head, "th", cell);
  if (token.rows.length === 0) return frame;
  const body = addElement(table, "tbody");
  for (const row of token.rows) {
    const line = addElement(body, "tr");
    for (const cell of row) renderCell(line, "td", cell);
  }
  return frame;
}

function renderCell(row: Node, name: "th" | "td", token: Tokens.TableCell): void {
  const cell = addElement(row, name, token.align ? `to-${token.align}` : undefined);
  if (name === "th") cell.scope = "col";
  renderInline(token.tokens, cell);
}
