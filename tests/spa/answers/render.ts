import { MarkdownView } from "../../../spa/src/markdown/view";
import { generate } from "./generate";

declare global {
  interface Window {
    /** Set by an answer's script, should one run. */
    ran?: unknown;
    /**
     * Shows the answers of these numbers, every other one in pieces, with colours and formulas, and
     * gives what is wrong with them; an empty list is what a test wants.
     */
    judge(from: number, to: number): Promise<string[]>;
    /** How many colours and formulas the last ones got: none would make `judge` a poor judge. */
    enriched(): number;
  }
}

/** No answer needs another one; MathML's own are allowed by their namespace. */
const ELEMENTS = new Set(
  "a b blockquote br button code del details div em h3 h4 h5 h6 hr i input ins kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td th thead tr u ul var".split(
    " ",
  ),
);
const MATHML = "http://www.w3.org/1998/Math/MathML";
const LINKS = /^(https:|mailto:|#)/;
const FRAMES = 3;

/** Work that the page does when it has time is done at once here, and waited for. */
let waiting = 0;
globalThis.requestIdleCallback = (job) => {
  waiting += 1;
  return setTimeout(() => {
    waiting -= 1;
    job({ didTimeout: true, timeRemaining: () => 0 });
  }) as unknown as number;
};

let violations: string[] = [];
addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});

function faultsOf(element: HTMLElement): string[] {
  const faults: string[] = [];
  for (const node of element.querySelectorAll("*")) {
    const known = node.namespaceURI === MATHML || ELEMENTS.has(node.localName);
    if (!known) faults.push(`element ${node.localName}`);
    if (node.matches("a a")) faults.push("a link in a link");
    for (const { name, value } of node.attributes) {
      if (
        /^on|^(src|srcset|srcdoc|ping|action|formaction|poster|background|xlink:href)$/.test(name)
      )
        faults.push(`attribute ${name}`);
      if (name === "href" && !LINKS.test(value)) faults.push(`href ${value}`);
      if (name === "style" && /url|expression|@import/i.test(value)) faults.push(`style ${value}`);
      if (name === "target" && !node.getAttribute("rel")?.includes("noopener"))
        faults.push("a target without noopener");
    }
  }
  return faults;
}

window.judge = async (from, to) => {
  // What draws colours and formulas is loaded at its first need, which no wait below knows of.
  await Promise.all([
    import("../../../spa/src/markdown/highlight"),
    import("../../../spa/src/markdown/typeset"),
  ]);
  const main = document.querySelector("main") as HTMLElement;
  main.replaceChildren();
  violations = [];
  const shown = new Map<number, HTMLElement>();
  for (let number = from; number < to; number += 1) {
    const element = document.createElement("div");
    element.className = "markdown";
    // All in view, one over the other, because what is in view gets its colours and formulas.
    Object.assign(element.style, { position: "fixed", inset: "0", overflow: "hidden" });
    main.append(element);
    shown.set(number, element);
    const view = new MarkdownView(element, (render) => render());
    const text = generate(number);
    const step = number % 2 ? 3 + (number % 11) : text.length;
    for (let at = step; at < text.length; at += step) view.show(text.slice(0, at));
    view.show(text, true);
  }
  for (let still = 0; still < FRAMES; still = waiting > 0 ? 0 : still + 1)
    await new Promise(requestAnimationFrame);
  const faults = [...shown].flatMap(([number, element]) =>
    faultsOf(element).map((fault) => `${fault} in ${JSON.stringify(generate(number))}`),
  );
  if (window.ran !== undefined) faults.push(`a script ran, of ${from} to ${to}`);
  return [...faults, ...violations.map((each) => `${each}, of ${from} to ${to}`)];
};

window.enriched = () => document.querySelectorAll("math, code span").length;
