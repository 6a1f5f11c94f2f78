import { t } from "../i18n";
import { addElement, addText } from "./dom";

/**
 * Footnotes are found from their marks, and back, by buttons: a link would change the page's address,
 * and the same names stand in every answer.
 */
export function addFootnoteMark(parent: Node, name: string): void {
  const button = addButton(addElement(parent, "sup"), name, "footnote-mark");
  button.setAttribute("aria-label", t("footnote.to", { name }));
  button.addEventListener("click", () => show(button, ".footnote", name));
}

/** A footnote's frame; its text goes into it. */
export function renderFootnote(name: string): HTMLElement {
  const note = document.createElement("div");
  note.className = "footnote";
  note.setAttribute("role", "note");
  note.dataset.footnote = name;
  note.tabIndex = -1;
  const button = addButton(note, name, "footnote-back");
  // What is seen belongs to the name.
  button.setAttribute("aria-label", `${name}: ${t("footnote.back")}`);
  button.addEventListener("click", () => show(button, ".footnote-mark", name));
  return note;
}

function addButton(parent: Node, name: string, className: string): HTMLButtonElement {
  const button = addElement(parent, "button", className);
  button.type = "button";
  button.dataset.footnote = name;
  addText(button, name);
  return button;
}

function show(from: HTMLElement, selector: string, name: string): void {
  const places = from.closest(".markdown")?.querySelectorAll<HTMLElement>(selector) ?? [];
  const place = [...places].find((each) => each.dataset.footnote === name);
  // Focus scrolls there, and says to a screen reader where it is.
  place?.focus();
}
