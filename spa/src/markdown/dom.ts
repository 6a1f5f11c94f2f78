/** Makes an element at the end of a node. */
export function addElement<K extends keyof HTMLElementTagNameMap>(
  parent: Node,
  name: K,
  className?: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (className) element.className = className;
  parent.appendChild(element);
  return element;
}

/** Adds text as a text node, so that whatever it holds stays text. */
export function addText(parent: Node, text: string): void {
  parent.appendChild(document.createTextNode(text));
}
