/**
 * What the browser asks for, as locales that `Intl` takes: it throws a RangeError for a name that is
 * no BCP 47 tag, and a browser may pass on the shell's, such as "en-US@posix" or "C".
 */
export function browserLocales(): readonly string[] {
  // Missing in some embedded browsers, whatever the standard says.
  const names: readonly unknown[] = navigator.languages ?? [navigator.language];
  return names.flatMap((name) => localeOf(name) ?? []);
}

/** The locale that a name means: the longest part of it that is a BCP 47 tag, if any is. */
export function localeOf(name: unknown): string | undefined {
  if (typeof name !== "string") return undefined;
  // POSIX writes language_REGION.encoding@variant.
  const subtags = (name.split(/[.@]/, 1)[0] ?? "").trim().replaceAll("_", "-").split("-");
  for (let length = subtags.length; length > 0; length -= 1) {
    try {
      return Intl.getCanonicalLocales(subtags.slice(0, length).join("-"))[0];
    } catch {
      // One subtag less may be one.
    }
  }
  return undefined;
}
