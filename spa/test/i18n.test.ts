import { beforeEach, expect, test, vi } from "vitest";
import {
  chooseLanguage,
  formatDate,
  formatDuration,
  formatNumber,
  LANGUAGES,
  type Language,
  language,
  locale,
  startLanguage,
  t,
} from "../src/i18n";
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
  /^(page\.conversation|tool\.arguments|tool\.error|settings\.|answer\.|code\.|composer\.message|image\.|file\.image|file\.document|problem\.status|message\.|sources\.)/;

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

test.each<[readonly unknown[] | undefined, Language, string]>([
  [["en-US@posix"], "en", "en-US"],
  [["en_US.UTF-8"], "en", "en-US"],
  [["de_CH.ISO-8859-1@euro", "en"], "de", "de-CH"],
  [["C"], "en", "en"],
  [["C.UTF-8", "fr_FR"], "fr", "fr-FR"],
  [["POSIX"], "en", "en"],
  [[""], "en", "en"],
  [[" ", "*", "@", "-", "_", "en-"], "en", "en"],
  [["x", "ja-JP-"], "ja", "ja-JP"],
  [["es-419"], "es", "es-419"],
  [["en-US-u-va-posix"], "en", "en-US-u-va-posix"],
  [["en-x"], "en", "en"],
  [["en-GB-oxendict-oxendict"], "en", "en-GB-oxendict"],
  [["ar_EG", "ar"], "ar", "ar-EG"],
  [["EN_us"], "en", "en-US"],
  [["zh_CN.GB18030"], "en", "en"],
  [["\u0000", "dé", "🇩🇪"], "en", "en"],
  [[null, 3], "en", "en"],
  [[], "en", "en"],
  [undefined, "en", "en"],
])(
  "a browser that asks for %j gets the page in %s, with numbers and dates as in %s",
  async (tags, spoken, tag) => {
    vi.spyOn(navigator, "languages", "get").mockReturnValue(tags as readonly string[]);
    vi.spyOn(navigator, "language", "get").mockReturnValue("en@posix");
    // What is stored is the page's own choice, or nothing that counts.
    localStorage.setItem("sluice.language", "en-US@posix");
    await startLanguage();
    expect([language.value, locale.value]).toEqual([spoken, tag]);
    expect(formatNumber(1)).not.toBe("");
    expect(formatDate(0)).not.toBe("");
    expect(formatDuration(1000, "long")).not.toBe("");
    expect(t("answer.thinking")).not.toBe("");
    vi.restoreAllMocks();
  },
);
