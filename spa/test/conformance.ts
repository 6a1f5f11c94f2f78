import commonmark from "commonmark-spec";
import gfm from "./gfm.json";

export interface Example {
  number: number;
  section: string;
  markdown: string;
  html: string;
}

/** A specification's examples. They write a tab as an arrow. */
function examples(of: readonly Example[]): Example[] {
  return of.map((each) => ({
    ...each,
    markdown: each.markdown.replaceAll("→", "\t"),
    html: each.html.replaceAll("→", "\t"),
  }));
}

export const SPECIFICATIONS = {
  "CommonMark 0.31.2": examples(commonmark.tests),
  "GFM 0.29": examples(gfm.examples),
};

/** What the page does on purpose where a specification has it otherwise; docs/markdown.md says why. */
export const REASONS = ["address", "image", "html", "entity", "bare", "https"] as const;
export type Reason = (typeof REASONS)[number];

const TAG =
  /<!--(?:-?>|[\s\S]*?-->)|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<[!/a-zA-Z][^>]*(?:>|$)/g;
/** Marks where a paragraph of raw HTML begins and ends. */
const EDGE = "\ue000";
const BLOCK =
  / *(<\/?(?:p|h\d|[uo]l|li|pre|blockquote|table|thead|tbody|tr|t[hd]|hr|br)\b[^>]*>) */g;

/** What a specification wants, with those reasons applied that cannot be undone on the page's side. */
export function wanted({ markdown, html }: Example, reasons: readonly Reason[]): Element {
  let source = html;
  // A tag that stands in the Markdown as well is raw HTML.
  if (reasons.includes("html"))
    source = source.replace(TAG, (tag) => (markdown.includes(tag) ? escaped(tag) : tag));
  if (reasons.includes("https"))
    source = source.replaceAll('href="http://www.', 'href="https://www.');
  const element = document.createElement("div");
  element.innerHTML = source;
  return element;
}

/**
 * A tree as one line, which holds what a reader is told and not how it is dressed: no frames, no blanks
 * between blocks, no title of a link, no level of a heading in the page's outline.
 *
 * @param undo the reasons to see through
 */
export function canonical(root: Element, undo: readonly Reason[]): string {
  return read(root, undo)
    .replace(/[ \ue000]*\ue000[ \ue000]*/g, " ")
    .replace(BLOCK, "$1")
    .trim();
}

function read(node: Node, undo: readonly Reason[]): string {
  return [...node.childNodes]
    .map((each) => (each instanceof Element ? readElement(each, undo) : readText(each, undo)))
    .join("");
}

function readText(node: Node, undo: readonly Reason[]): string {
  const text = (node.textContent ?? "").replace(/[ \t\n]+/g, " ");
  const image = undo.includes("image") ? /^Image: (.*)$/s.exec(text)?.[1] : undefined;
  if (image) return readImage(image);
  return escaped(undo.includes("entity") ? decoded(text) : text);
}

function readElement(element: Element, undo: readonly Reason[]): string {
  const name = element.localName;
  if (element.matches(".section, .table")) return read(element, undo);
  if (element.matches(".raw")) return EDGE + read(element, undo) + EDGE;
  if (element.matches(".code, pre")) return readCode(element, undo);
  if (element.matches("a, .dead-link")) return readLink(element, undo);
  if (name === "img") return readImage(element.getAttribute("alt") || element.getAttribute("src"));
  if (name === "code") return `<code>${escaped(element.textContent ?? "")}</code>`;
  const depth = /^depth-(\d)$/.exec(element.className)?.[1];
  const tag = depth ? `h${depth}` : name;
  const side = element.getAttribute("align") ?? /^to-(\w+)$/.exec(element.className)?.[1];
  const rest = [
    name === "ol" ? `start=${element.getAttribute("start") ?? 1}` : "",
    name === "input" && element.hasAttribute("checked") ? "checked" : "",
    side ?? "",
  ].join("");
  return `<${tag} ${rest}>${read(element, undo)}</${tag}>`;
}

function readCode(block: Element, undo: readonly Reason[]): string {
  const code = block.querySelector("code");
  const written =
    code?.getAttribute("data-language") ?? /^language-(\S+)$/.exec(code?.className ?? "")?.[1];
  const language = (
    undo.includes("entity") ? decoded(written ?? "") : (written ?? "")
  ).toLowerCase();
  return `<pre ${language}>${escaped((code?.textContent ?? "").replace(/\n$/, ""))}</pre>`;
}

/** A link, or what the page shows for one that may not be followed: the words, and the address behind them. */
function readLink(element: Element, undo: readonly Reason[]): string {
  const words = read(element, undo);
  const text = element.textContent ?? "";
  if (/^<img>[^<]*<\/img>$/.test(words) && /^Image: /.test(text)) return words;
  const href = element.getAttribute("href");
  if (href !== null) {
    const bare = undo.includes("bare") && URL.parse(text.includes("@") ? `mailto:${text}` : text);
    return bare && bare.href === href ? words : `<a ${address(href)}>${words}</a>`;
  }
  if (!undo.includes("address")) return `<dead>${words}</dead>`;
  const behind = /^.* \((.*)\)$/s.exec(text)?.[1];
  if (behind === undefined) return `<a ${address(text)}>${words}</a>`;
  const whole = undo.includes("entity") ? decoded(behind) : behind;
  return `<a ${address(whole)}>${words.slice(0, words.lastIndexOf(" ("))}</a>`;
}

function readImage(description: string | null): string {
  return `<img>${escaped(description ?? "")}</img>`;
}

/** An address in one spelling, whether it was encoded or not. */
function address(written: string): string {
  const whole = URL.parse(written)?.href ?? written;
  try {
    return encodeURI(decodeURI(whole));
  } catch {
    return encodeURI(whole);
  }
}

function decoded(text: string): string {
  const element = document.createElement("div");
  element.innerHTML = escaped(text).replaceAll("&amp;", "&");
  return element.textContent ?? "";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
