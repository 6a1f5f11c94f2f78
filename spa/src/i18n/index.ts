import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { brand } from "../../brand";
import { en } from "./en";
import type { Catalog, MessageKey, Values } from "./entry";
import { browserLocales } from "./locales";

export type { MessageKey } from "./entry";

/** The page's languages, each by its own name. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  ja: "日本語",
  ar: "العربية",
} as const;
export type Language = keyof typeof LANGUAGES;

const RIGHT_TO_LEFT: readonly Language[] = ["ar"];
const LOADERS: Record<Exclude<Language, "en">, () => Promise<Catalog>> = {
  de: async () => (await import("./de")).de,
  fr: async () => (await import("./fr")).fr,
  es: async () => (await import("./es")).es,
  ja: async () => (await import("./ja")).ja,
  ar: async () => (await import("./ar")).ar,
};
const STORED = "sluice.language";

interface Spoken {
  readonly language: Language;
  readonly catalog: Catalog;
}
const spoken = signal<Spoken>({ language: "en", catalog: en });
const choice = signal<Language | undefined>(undefined);

/** The language the page is in. What reads it is drawn again when it changes. */
export const language: ReadonlySignal<Language> = computed(() => spoken.value.language);

/** What the person chose; undefined: as the browser says. */
export const chosenLanguage: ReadonlySignal<Language | undefined> = choice;

/** The language with the person's region, for dates and numbers: "de-CH" rather than "de". `Intl` takes it. */
export const locale: ReadonlySignal<string> = computed(() => {
  const own = spoken.value.language;
  return browserLocales().find((tag) => base(tag) === own) ?? own;
});

/** A sentence in the page's language. `values.count` chooses among an entry's plural forms. */
export function t(key: MessageKey, values: Values = {}): string {
  const entry: Catalog[MessageKey] | Record<string, string> = spoken.value.catalog[key];
  const sentence = typeof entry === "string" ? entry : form(entry, Number(values.count));
  return sentence.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = name === "brand" ? brand.name : values[name];
    return typeof value === "number" ? formatNumber(value) : (value ?? place);
  });
}

function form(forms: Record<string, string>, count: number): string {
  return forms[new Intl.PluralRules(locale.value).select(count)] ?? forms.other ?? "";
}

export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(locale.value, options).format(value);
}

/** @param time milliseconds since the epoch */
export function formatDate(
  time: number,
  options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" },
): string {
  return new Intl.DateTimeFormat(locale.value, options).format(time);
}

/** A span of time in words: "3.2s" and "1m 5s", or "3 seconds" and "1 minute 5 seconds" when long. */
export function formatDuration(milliseconds: number, unitDisplay: "narrow" | "long"): string {
  const seconds = milliseconds / 1000;
  const digits = unitDisplay === "long" || seconds >= 10 ? 0 : 1;
  const whole = Math.round(seconds);
  const amount = (value: number, unit: "minute" | "second") =>
    formatNumber(value, { style: "unit", unit, unitDisplay, maximumFractionDigits: digits });
  if (whole < 60) return amount(seconds, "second");
  return [amount(Math.floor(whole / 60), "minute"), amount(whole % 60, "second")].join(" ");
}

/** The language the browser asks for, among the page's. */
export function preferredLanguage(): Language {
  return browserLocales().map(base).find(isLanguage) ?? "en";
}

/** Call once, before the first rendering: loads the person's language. Never fails. */
export async function startLanguage(): Promise<void> {
  const stored = localStorage.getItem(STORED);
  choice.value = stored !== null && isLanguage(stored) ? stored : undefined;
  await speak(choice.value ?? preferredLanguage());
}

/** @param next undefined: as the browser says */
export async function chooseLanguage(next: Language | undefined): Promise<void> {
  if (next) localStorage.setItem(STORED, next);
  else localStorage.removeItem(STORED);
  choice.value = next;
  await speak(next ?? preferredLanguage());
}

async function speak(wanted: Language): Promise<void> {
  // A file that does not come leaves the page in the language it has.
  const catalog = wanted === "en" ? en : await LOADERS[wanted]().catch(() => undefined);
  // While it loaded, another may have been chosen.
  if (!catalog || wanted !== (choice.value ?? preferredLanguage())) return;
  spoken.value = { language: wanted, catalog };
  document.documentElement.lang = wanted;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(wanted) ? "rtl" : "ltr";
}

function base(tag: string): string {
  return tag.split("-", 1)[0]?.toLowerCase() ?? "";
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}
