const SAFE = new Set(["https:", "mailto:"]);

/**
 * The address a link may lead to, or undefined: then its text is shown and nothing can be followed.
 *
 * Only absolute https and mailto, and no user name or password, which serve to dress one site up as
 * another. What is returned is the parser's own spelling, with a host outside ASCII in punycode, so
 * that the address shown is the address opened.
 */
export function safeUrl(href: string): URL | undefined {
  // To a browser a backslash is a slash; to CommonMark, and to who wrote it, it is a character.
  const url = URL.parse(href.replaceAll("\\", "%5C"));
  if (!url || !SAFE.has(url.protocol) || url.username || url.password) return undefined;
  return url;
}
