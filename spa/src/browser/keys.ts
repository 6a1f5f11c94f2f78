import { signal } from "@preact/signals";
import type { MessageKey } from "../i18n";

/** What the page's keys do, where nothing nearer to the person takes them. */
export type Command = "search" | "new-chat" | "sidebar" | "edit-last" | "stop" | "help";

export interface Key {
  /** What is pressed, as it stands on keyboards. */
  readonly keys: readonly string[];
  readonly label: MessageKey;
  /** Undefined: the field where a message is written does it. */
  readonly command?: Command;
  readonly matches?: (event: KeyboardEvent) => boolean;
}

/** Whether the sheet of keys is open. */
export const keysAreShown = signal(false);

const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);
const CONTROL = IS_APPLE ? "⌘" : "Ctrl";

/** One table for what listens and for the sheet of keys. */
export const KEYS: readonly Key[] = [
  { keys: ["Enter"], label: "keys.send" },
  { keys: ["Shift", "Enter"], label: "keys.newLine" },
  { keys: ["↑"], label: "keys.edit", command: "edit-last", matches: plain("ArrowUp") },
  { keys: ["Esc"], label: "keys.stop", command: "stop", matches: plain("Escape") },
  { keys: [CONTROL, "K"], label: "keys.search", command: "search", matches: withControl("k") },
  {
    keys: [CONTROL, "Shift", "O"],
    label: "keys.newChat",
    command: "new-chat",
    matches: withControl("o", true),
  },
  {
    keys: [CONTROL, "Shift", "S"],
    label: "keys.sidebar",
    command: "sidebar",
    matches: withControl("s", true),
  },
  { keys: [CONTROL, "/"], label: "keys.help", command: "help", matches: withControl("/") },
];

/** Whether a key is an input method's own: Enter chooses a word then. */
export function isComposing(event: KeyboardEvent): boolean {
  // Safari ends composition before the key that ended it: keyCode 229.
  return event.isComposing || event.keyCode === 229;
}

/** The command that a key gives; none while an input method composes. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  if (event.defaultPrevented || isComposing(event)) return undefined;
  return KEYS.find(({ matches }) => matches?.(event))?.command;
}

function plain(key: string) {
  return (event: KeyboardEvent) =>
    event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}

/** By the character, not its place, so that it is where the keyboard's caps say. "/" may need Shift. */
function withControl(key: string, shift = false) {
  return (event: KeyboardEvent) =>
    event.key.toLowerCase() === key &&
    (IS_APPLE ? event.metaKey : event.ctrlKey) &&
    !event.altKey &&
    (event.shiftKey === shift || key === "/");
}
