import { beforeEach, expect, test } from "vitest";
import { chooseLanguage, formatDuration, LANGUAGES, type Language, language, t } from "../src/i18n";
import { ar } from "../src/i18n/ar";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import type { Catalog, MessageKey } from "../src/i18n/entry";
import { es } from "../src/i18n/es";
import { fr } from "../src/i18n/fr";
import { ja } from "../src/i18n/ja";

const CATALOGS: Record<Exclude<Language, "en">, Catalog> = { de, fr, es, ja, ar };
const KEYS = Object.keys(en) as MessageKey[];

/** Names that are the same in every language, and words that two languages share. */
const SHARED =
  /^(page\.conversation|tool\.arguments|tool\.error|settings\.|answer\.|code\.|composer\.message|image\.|problem\.status|message\.)/;

beforeEach(() => chooseLanguage("en"));

function places(entry: Catalog[MessageKey]): string[] {
  const forms = typeof entry === "string" ? [entry] : Object.values(entry as object);
  return [...new Set(forms.flatMap((form: string) => form.match(/\{\w+\}/g) ?? []))].toSorted();
}

test.each(Object.entries(CATALOGS))("%s has every sentence, with its places", (_, catalog) => {
  expect(Object.keys(catalog).toSorted()).toEqual(KEYS.toSorted());
  for (const key of KEYS) {
    expect(catalog[key], key).not.toBe("");
    expect(places(catalog[key]), key).toEqual(places(en[key]));
  }
});

test.each(Object.entries(CATALOGS))("%s is not English", (_, catalog) => {
  const same = KEYS.filter((key) => catalog[key] === en[key] && !SHARED.test(key));
  expect(same).toEqual([]);
});

test.each(Object.entries(CATALOGS))("%s has a form for each of its plurals", (tag, catalog) => {
  const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
  for (const key of KEYS) {
    const entry: unknown = catalog[key];
    if (typeof entry === "string") continue;
    expect(Object.keys(entry as object).toSorted(), key).toEqual(pluralCategories.toSorted());
  }
});

test("a place is filled, and a number is written as the language writes it", async () => {
  expect(t("footnote.to", { name: "a" })).toBe("Footnote a");
  await chooseLanguage("de");
  expect(t("problem.status", { status: 1234 })).toBe("Die API antwortete 1.234.");
});

test("choosing a language changes the sentences, and what the document says of itself", async () => {
  await chooseLanguage("ar");
  expect(t("header.newChat")).toBe(ar["header.newChat"]);
  expect([document.documentElement.lang, document.documentElement.dir]).toEqual(["ar", "rtl"]);
  await chooseLanguage("de");
  expect([document.documentElement.lang, document.documentElement.dir]).toEqual(["de", "ltr"]);
  expect(localStorage.getItem("sluice.language")).toBe("de");
});

test("of two choices in a row the last one counts, whichever file comes first", async () => {
  await Promise.all([chooseLanguage("ja"), chooseLanguage("fr")]);
  expect(language.value).toBe("fr");
});

test("no choice means the browser's language", async () => {
  await chooseLanguage("fr");
  await chooseLanguage(undefined);
  expect(language.value).toBe(navigator.languages[0]?.slice(0, 2) ?? "en");
  expect(localStorage.getItem("sluice.language")).toBeNull();
});

test("a span of time is short in a table and long in a sentence", () => {
  expect(formatDuration(3210, "narrow")).toBe("3.2s");
  expect(formatDuration(65_000, "narrow")).toBe("1m 5s");
  expect(formatDuration(1000, "long")).toBe("1 second");
  expect(formatDuration(3210, "long")).toBe("3 seconds");
});

test("every language is offered by its own name", () => {
  expect(Object.keys(LANGUAGES)).toEqual(["en", ...Object.keys(CATALOGS)]);
});
