import { readFileSync } from "node:fs";
import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { faintPairs } from "../contrast";
import type { Brand } from "../src/brand";
import { chooseLanguage, t } from "../src/i18n";
import { EmptyState } from "../src/view/EmptyState";
import { Welcome } from "../src/view/Welcome";

const mine = vi.hoisted(() => ({ brand: { name: "" } as Brand }));
vi.mock("../brand", () => mine);

let page: HTMLElement;
beforeEach(() => {
  page = document.createElement("div");
});
afterEach(() => chooseLanguage("en"));

/** Let the page have another brand. */
function use(brand: Brand) {
  mine.brand = brand;
}

test("the name, the welcome and the greeting are the brand's, in the page's language", async () => {
  use({
    name: "Orders & Co",
    welcome: { en: "Ask about your orders.", de: "Fragen Sie nach Ihren Bestellungen." },
    greeting: "Good day",
  });
  render(<Welcome onSignIn={() => undefined} notice={undefined} />, page);
  expect(page.querySelector("h1")?.textContent).toBe("Orders & Co");
  expect(page.querySelector(".lead")?.textContent).toBe("Ask about your orders.");
  expect(t("status.running")).toBe("Orders & Co is answering.");

  await chooseLanguage("de");
  render(<Welcome onSignIn={() => undefined} notice={undefined} />, page);
  expect(page.querySelector(".lead")?.textContent).toBe("Fragen Sie nach Ihren Bestellungen.");
  await chooseLanguage("fr");
  render(<Welcome onSignIn={() => undefined} notice={undefined} />, page);
  expect(page.querySelector(".lead")?.textContent).toBe("Ask about your orders.");

  render(<EmptyState agent={undefined} onChoose={() => undefined} />, page);
  expect(page.querySelector("h2")?.textContent).toBe("Good day");
});

test("the brand's starters are asked as they stand, whatever model answers", async () => {
  const prompt = { en: "Where is my order?", ja: "注文はどこですか？" };
  use({
    name: "Orders",
    starters: [{ title: "Find it", prompt }],
  });
  await chooseLanguage("ja");
  const chosen: string[] = [];
  const onChoose = (prompt: string) => chosen.push(prompt);
  render(<EmptyState agent={{ model: "offline" }} onChoose={onChoose} />, page);
  const buttons = [...page.querySelectorAll<HTMLButtonElement>(".examples button")];
  expect(buttons.map((button) => button.querySelector(".example-title")?.textContent)).toEqual([
    "Find it",
  ]);
  buttons[0]?.click();
  expect(chosen).toEqual(["注文はどこですか？"]);
});

test("without starters of its own a brand has the page's", () => {
  use({ name: "Orders" });
  render(<EmptyState agent={{ model: "other" }} onChoose={() => undefined} />, page);
  expect(page.querySelectorAll(".examples button")).toHaveLength(4);
});

const BASE = "--ground: light-dark(#ffffff, #15191b); --accent: light-dark(#0b6b7a, #63c2d1);";

test("a colour that is hard to read is named with its pair, its scheme and its contrast", () => {
  expect(faintPairs(BASE)).toEqual([]);
  expect(faintPairs(`${BASE} --accent: light-dark(#9bd, #63c2d1);`)).toEqual([
    "brand.css: the contrast of --accent on --ground (light) is 2.00:1; people need 4.5:1",
  ]);
  expect(faintPairs(`${BASE} --accent: #777777;`)).toEqual([
    "brand.css: the contrast of --accent on --ground (light) is 4.48:1; people need 4.5:1",
    "brand.css: the contrast of --accent on --ground (dark) is 3.95:1; people need 4.5:1",
  ]);
});

test("a colour of a form that is not read is not judged, and breaks nothing", () => {
  expect(faintPairs(`${BASE} --accent: color-mix(in srgb, red 20%, blue);`)).toEqual([]);
  expect(faintPairs("")).toEqual([]);
});

test("the page's own colours are readable", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  expect(faintPairs(read("../src/styles/base.css"))).toEqual([]);
});
