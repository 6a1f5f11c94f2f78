import temml from "temml";
import "../styles/math.css";

const MATHML = "http://www.w3.org/1998/Math/MathML";
/** Presentational MathML. A link, a picture or a piece of HTML is not among it. */
const ELEMENTS = new Set(
  "math maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none".split(
    " ",
  ),
);
const ATTRIBUTE = /^(?!on|href|src|style|xlink|xmlns|id$)[a-z-]+$/;
/** Colours, lengths and keywords; no address. */
const STYLE_VALUE = /^(?!.*url)[\w\s.,#%+()-]*$/i;
const MAX_EXPAND = 500;

/** What temml builds before it writes markup: MathML nodes, and for their texts nodes without a type. */
interface MathNode {
  readonly type?: string;
  readonly text?: string;
  readonly children?: readonly MathNode[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly classes?: readonly string[];
  readonly style?: Readonly<Record<string, string>>;
}

/**
 * TeX as MathML, or undefined when it cannot be read or holds what is not mathematics.
 *
 * temml's own tree becomes nodes here, one known name at a time, so that no string becomes markup
 * and no style attribute meets the page's policy.
 */
export function typeset(tex: string, block: boolean): Node | undefined {
  try {
    const tree: MathNode = temml.__renderToMathMLTree(tex, {
      displayMode: block,
      throwOnError: true,
      trust: false,
      maxExpand: MAX_EXPAND,
      maxSize: [20, 20],
    });
    return build(tree);
  } catch {
    return undefined;
  }
}

function build(node: MathNode): Node {
  if (node.text !== undefined && !node.children) return document.createTextNode(node.text);
  let element: Element | DocumentFragment;
  if (node.type === undefined) element = document.createDocumentFragment();
  else {
    if (!ELEMENTS.has(node.type)) throw new TypeError(`${node.type} is not mathematics`);
    element = dress(document.createElementNS(MATHML, node.type) as MathMLElement, node);
  }
  for (const child of node.children ?? []) element.appendChild(build(child));
  return element;
}

function dress(element: MathMLElement, node: MathNode): MathMLElement {
  for (const [name, value] of Object.entries(node.attributes ?? {}))
    if (ATTRIBUTE.test(name)) element.setAttribute(name, value);
  const classes = node.classes?.filter(Boolean) ?? [];
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(node.style ?? {})) {
    const property = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    // Browsers without MathML know no style of its elements.
    if (STYLE_VALUE.test(value)) element.style?.setProperty(property, value);
  }
  return element;
}
