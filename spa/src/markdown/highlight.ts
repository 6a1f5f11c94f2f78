import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

// Loaded on demand, with the languages that answers are full of. Others stay uncoloured.
for (const [name, definition] of Object.entries({
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  makefile,
  markdown,
  php,
  python,
  ruby,
  rust,
  shell,
  sql,
  swift,
  typescript,
  xml,
  yaml,
}))
  hljs.registerLanguage(name, definition);

/** A node of highlight.js's token tree: a text, or a scope with what is in it. */
type TokenNode = string | { readonly scope?: string; readonly children: readonly TokenNode[] };

/**
 * A code's colours, or undefined for a language that is not among the above.
 *
 * highlight.js gives out HTML; its token tree, a private field that a test watches, becomes nodes
 * without a string in between.
 */
export function highlight(code: string, language: string): DocumentFragment | undefined {
  if (!hljs.getLanguage(language)) return undefined;
  const result = hljs.highlight(code, { language, ignoreIllegals: true });
  const { rootNode } = result._emitter as unknown as { readonly rootNode: TokenNode };
  const fragment = document.createDocumentFragment();
  addToken(fragment, rootNode);
  return fragment;
}

function addToken(parent: Node, token: TokenNode): void {
  if (typeof token === "string") {
    parent.appendChild(document.createTextNode(token));
    return;
  }
  let place = parent;
  // "title.function" has the colour of a title; "language:css" is only a change of grammar.
  const kind = token.scope?.split(".", 1)[0];
  if (kind && !kind.includes(":")) {
    const span = document.createElement("span");
    span.className = `hl-${kind}`;
    place = parent.appendChild(span);
  }
  for (const child of token.children) addToken(place, child);
}
