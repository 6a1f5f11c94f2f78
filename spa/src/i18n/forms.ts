/** A sentence in the forms that a language's plural rules tell apart. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** One sentence of the page. */
export type Entry = string | Forms;
