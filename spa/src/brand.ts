import { brand } from "../brand";
import { type Language, language } from "./i18n";

/** One text for every language, or one for each; English where there is none. */
export type Text = string | (Readonly<Partial<Record<Language, string>>> & { readonly en: string });

/** What brand.ts says. */
export interface Brand {
  readonly name: string;
  /** On the page that asks people to sign in. */
  readonly welcome?: Text;
  /** The title of a conversation that has not begun. */
  readonly greeting?: Text;
  /** What one might ask, under it. Without any the page has its own. */
  readonly starters?: readonly { readonly title: Text; readonly prompt: Text }[];
}

/** A text in the page's language. */
export function spoken(text: Text): string {
  return typeof text === "string" ? text : (text[language.value] ?? text.en);
}

export { brand };
