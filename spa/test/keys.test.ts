import { expect, test } from "vitest";
import { commandOf, KEYS } from "../src/browser/keys";
import { en } from "../src/i18n/en";

const press = (key: string, init: KeyboardEventInit = {}) =>
  commandOf(new KeyboardEvent("keydown", { key, ...init }));

test.each([
  ["Ctrl+K", "k", { ctrlKey: true }, "search"],
  ["Ctrl+Shift+O", "O", { ctrlKey: true, shiftKey: true }, "new-chat"],
  ["Ctrl+Shift+S", "S", { ctrlKey: true, shiftKey: true }, "sidebar"],
  ["Ctrl+/", "/", { ctrlKey: true }, "help"],
  ["Ctrl+/ where / needs Shift", "/", { ctrlKey: true, shiftKey: true }, "help"],
  ["Escape", "Escape", {}, "stop"],
  ["Up", "ArrowUp", {}, "edit-last"],
  ["Ctrl+O", "o", { ctrlKey: true }, undefined],
  ["K", "k", {}, undefined],
  ["Shift+Up", "ArrowUp", { shiftKey: true }, undefined],
  [
    "Ctrl+Alt+K, a character of its own on some keyboards",
    "k",
    { ctrlKey: true, altKey: true },
    undefined,
  ],
])("%s", (_, key, init, command) => {
  expect(press(key, init)).toBe(command);
});

test("while an input method composes, keys are its own", () => {
  expect(press("Escape", { isComposing: true })).toBeUndefined();
  expect(press("Escape", { keyCode: 229 } as KeyboardEventInit)).toBeUndefined();
});

test("a key that something nearer has taken does nothing else", () => {
  const event = new KeyboardEvent("keydown", { key: "Escape", cancelable: true });
  event.preventDefault();
  expect(commandOf(event)).toBeUndefined();
});

test("every command has a key in the sheet, by a name of its own", () => {
  expect(new Set(KEYS.map(({ label }) => label)).size).toBe(KEYS.length);
  for (const { label } of KEYS) expect(en[label]).toBeTypeOf("string");
});
