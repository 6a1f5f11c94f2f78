import type { en } from "./en";
import type { Forms } from "./forms";

/** The name of a sentence. */
export type MessageKey = keyof typeof en;

/** A language's sentences: all of them, with forms where English has forms. */
export type Catalog = {
  readonly [K in MessageKey]: (typeof en)[K] extends string ? string : Forms;
};

/** What fills a sentence's places. A number is written as the language writes numbers. */
export type Values = Readonly<Record<string, string | number>>;
