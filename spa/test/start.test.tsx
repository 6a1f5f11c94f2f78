import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keysAreShown } from "../src/browser/keys";
import { theme } from "../src/browser/theme";
import { chooseLanguage, language } from "../src/i18n";
import { EmptyState } from "../src/view/EmptyState";
import { Help } from "../src/view/Help";
import { Settings } from "../src/view/Settings";

// Whatever the brand is: what is judged here is the page's own.
vi.mock("../brand", () => ({ brand: { name: "Sluice" } }));

let root: HTMLElement;

beforeEach(async () => {
  await chooseLanguage("en");
  root = document.body.appendChild(document.createElement("div"));
});

afterEach(() => {
  render(null, root);
  root.remove();
});

function show(view: preact.VNode): void {
  act(() => render(view, root));
}

const prompts = () => [...root.querySelectorAll(".example-prompt")].map((each) => each.textContent);

test("an empty conversation shows the agent's tools, each by its first sentence", () => {
  const tools = [
    { name: "calculator", description: "Works out e.g. 25 * 4. The model reads this too." },
    { name: "clock" },
  ];
  show(<EmptyState agent={{ model: "m", tools }} onChoose={() => undefined} />);
  const shown = [...root.querySelectorAll(".tools li")].map((each) => each.textContent);
  expect(shown).toEqual(["calculatorWorks out e.g. 25 * 4.", "clock"]);
  expect(root.querySelector(".banner")).toBeNull();
});

test("an example asks what it shows", () => {
  const asked: string[] = [];
  show(<EmptyState agent={undefined} onChoose={(prompt) => asked.push(prompt)} />);
  for (const button of root.querySelectorAll("button")) button.click();
  expect(asked).toEqual(prompts());
  expect(new Set(asked).size).toBe(4);
});

test("the offline model is announced, and its examples are those it knows, in any language", async () => {
  show(<EmptyState agent={{ model: "anthropic.claude-offline" }} onChoose={() => undefined} />);
  expect(root.querySelector(".banner")?.textContent).toContain(
    "You're using the offline demo model.",
  );
  const english = prompts();
  await act(() => chooseLanguage("de"));
  expect(root.querySelector(".banner")?.textContent).toContain("Offline-Modell");
  expect(prompts()).toEqual(english);
});

test("theme and language are chosen in one panel", async () => {
  show(<Settings />);
  const [, , dark] = root.querySelectorAll<HTMLInputElement>("input[type=radio]");
  act(() => dark?.click());
  expect(theme.value).toBe("dark");
  const select = root.querySelector("select") as HTMLSelectElement;
  expect([...select.options].map((each) => each.value)).toEqual([
    "",
    "en",
    "de",
    "fr",
    "es",
    "ja",
    "ar",
  ]);
  select.value = "fr";
  await act(async () => {
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await new Promise((resolve) => setTimeout(resolve));
  });
  await expect.poll(() => language.value).toBe("fr");
  expect(root.querySelector("legend")?.textContent).toBe("Thème");
});

test("the help lists every shortcut, and closes", () => {
  keysAreShown.value = true;
  show(<Help shortcuts={[{ keys: ["Shift", "Enter"], label: "composer.send" }]} />);
  const dialog = root.querySelector("dialog") as HTMLDialogElement;
  expect(dialog.open).toBe(true);
  expect([...dialog.querySelectorAll("kbd")].map((each) => each.textContent)).toEqual([
    "Shift",
    "Enter",
  ]);
  act(() => dialog.querySelector("button")?.click());
  expect(keysAreShown.value).toBe(false);
});
