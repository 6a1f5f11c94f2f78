import type { MarkedToken, Token, Tokens } from "marked";
import { t } from "../i18n";
import { addElement, addText } from "./dom";
import { decodeEntities } from "./entities";
import type { FootnoteMark } from "./footnote";
import { addFootnoteMark } from "./footnotes";
import type { MathToken } from "./math";
import { elementsOf, tagOf } from "./tags";
import { safeUrl } from "./url";

type InlineToken = MarkedToken | MathToken | FootnoteMark;

// Tags within tags within tags: deeper than anybody writes, and no deeper than a page can bear.
const MAX_TAGS = 8;

/**
 * Adds a block's inline tokens to a node. Text becomes text nodes: nothing is ever parsed as HTML.
 * `tags` is how many tags' elements stand around it.
 */
export function renderInline(tokens: readonly Token[], parent: Node, tags = 0): void {
  const elements = tags < MAX_TAGS ? elementsOf(tokens) : undefined;
  for (let at = 0; at < tokens.length; at += 1) {
    const element = elements?.get(at);
    if (element) {
      renderInline(tokens.slice(at + 1, element.end), addElement(parent, element.name), tags + 1);
      at = element.end;
    } else renderToken(tokens[at] as InlineToken, parent, tags);
  }
}

function renderToken(token: InlineToken, parent: Node, tags: number): void {
  switch (token.type) {
    case "text":
      if (token.tokens) renderInline(token.tokens, parent, tags);
      else addText(parent, shownText(token));
      break;
    case "escape":
      addText(parent, token.text);
      break;
    case "strong":
    case "em":
    case "del":
      renderInline(token.tokens, addElement(parent, token.type), tags);
      break;
    case "codespan":
      addText(addElement(parent, "code"), token.text);
      break;
    case "math":
      addMath(parent, token);
      break;
    case "footnoteMark":
      addFootnoteMark(parent, token.name);
      break;
    case "br":
      addElement(parent, "br");
      break;
    case "link":
      // An address in a link's words is words: a link leads to one place.
      if (parent instanceof Element && parent.closest("a"))
        renderInline(token.tokens, parent, tags);
      else addLink(parent, token.href, token.tokens, token.autolink ?? false);
      break;
    case "image":
      addImage(parent, token.href, plain(token.tokens));
      break;
    case "html":
      // What models use for want of another way: a line break in a table's cell.
      if (/^<br\s*\/?>$/i.test(token.raw)) addElement(parent, "br");
      else addText(parent, token.raw);
      break;
    case "checkbox":
      addCheckbox(parent, token.checked);
      break;
    default:
      addText(parent, token.raw);
  }
}

/**
 * Adds to a node what its inline tokens have grown by. False, and nothing is changed: they did not
 * only grow, and the node must be made anew.
 */
export function growInline(
  parent: Node,
  before: readonly Token[],
  after: readonly Token[],
): boolean {
  const last = before.length - 1;
  const old = before[last];
  const grown = after[last];
  const shown = parent.lastChild;
  if (!isText(old) || !isText(grown) || !(shown instanceof Text)) return false;
  for (let i = 0; i < last; i += 1)
    if (before[i]?.raw !== after[i]?.raw || before[i]?.type !== after[i]?.type) return false;
  // A tag that comes makes an element of what stands before it.
  if (after.slice(before.length).some((token) => tagOf(token)?.[1])) return false;
  const text = shownText(grown);
  if (shown.data !== shownText(old) || !text.startsWith(shown.data)) return false;
  shown.appendData(text.slice(shown.data.length));
  renderInline(after.slice(before.length), parent);
  return true;
}

/** A text without tokens of its own. */
function isText(token: Token | undefined): token is Tokens.Text {
  return token?.type === "text" && !("tokens" in token && token.tokens);
}

function shownText(token: Tokens.Text | Tokens.Tag): string {
  // Inside raw <pre> or <code> marked leaves the source as it is; so does this.
  return "escaped" in token && token.escaped ? token.text : decodeEntities(token.text);
}

export function addMath(parent: Node, token: MathToken): void {
  addText(addElement(parent, "span", "math"), token.text);
}

function anchor(parent: Node, url: URL): HTMLAnchorElement {
  const link = addElement(parent, "a");
  link.href = url.href;
  link.title = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function addLink(parent: Node, href: string, label: readonly Token[], literal: boolean): void {
  const address = literal ? href : decodeEntities(href);
  const url = safeUrl(address);
  if (url) {
    const link = anchor(parent, url);
    renderInline(label, link);
    // Where the words do not say it, the style sheet writes the host behind them.
    if (url.host && !link.textContent?.includes(url.host)) link.dataset.host = url.host;
    return;
  }
  const shown = addElement(parent, "span", "dead-link");
  renderInline(label, shown);
  if (shown.textContent !== address) addText(shown, ` (${address})`);
}

/**
 * Loading an image tells its host who reads what. It is offered as a link instead, or as words where
 * it stands inside a link already, such as a badge: that link's address is the one meant.
 */
function addImage(parent: Node, href: string, description: string): void {
  const address = decodeEntities(href);
  const url = safeUrl(address);
  const label = t("image.label", { description: description || address });
  if (parent instanceof Element && parent.closest("a, .dead-link")) {
    addText(parent, label);
    return;
  }
  const shown = url ? anchor(parent, url) : addElement(parent, "span", "dead-link");
  if (url && !label.includes(url.host)) shown.dataset.host = url.host;
  addText(shown, label);
}

/** What tokens say, without how: CommonMark's description of an image. */
function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if ("tokens" in token && token.tokens) return plain(token.tokens);
      if (token.type === "text") return shownText(token as Tokens.Text);
      if (token.type === "br") return " ";
      return "text" in token ? token.text : token.raw;
    })
    .join("");
}

function addCheckbox(parent: Node, checked: boolean): void {
  const box = addElement(parent, "input");
  box.type = "checkbox";
  box.disabled = true;
  // As an attribute too, because that is what a copy of the node keeps.
  box.defaultChecked = checked;
  box.setAttribute("aria-label", t(checked ? "task.done" : "task.open"));
  addText(parent, " ");
}
