/** Where this site's user pool and API are. The site serves it as /config.json, beside index.html. */
export interface Config {
  /** The token's `iss`. Compared, never fetched: the endpoints below need no discovery. */
  readonly issuer: string;
  readonly clientId: string;
  /** No slash at the end; chat is POST `${apiUrl}/chat`. */
  readonly apiUrl: string;
  /** Origin of the login domain. */
  readonly loginUrl: string;
}

/** The message says, to the person looking at the page, what is wrong and what mends it. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Reads /config.json past every cache, because a deployment replaces it in place. */
export async function loadConfig(fetcher: typeof fetch = fetch): Promise<Config> {
  let answer: Response;
  try {
    answer = await fetcher("/config.json", { cache: "no-cache" });
  } catch {
    throw new ConfigError("This site could not be reached. Check your connection, then reload.");
  }
  if (!answer.ok) {
    throw new ConfigError(
      `This site has no config.json (it answered ${answer.status}). Publish the page again.`,
    );
  }
  let found: unknown;
  try {
    found = await answer.json();
  } catch {
    throw new ConfigError("This site's config.json is not JSON. Publish the page again.");
  }
  return {
    issuer: url(found, "issuer"),
    clientId: text(found, "clientId"),
    apiUrl: url(found, "apiUrl"),
    loginUrl: url(found, "loginUrl"),
  };
}

function text(found: unknown, key: string): string {
  const value: unknown = (found as Record<string, unknown> | null)?.[key];
  if (typeof value !== "string" || value === "") {
    throw new ConfigError(`This site's config.json has no "${key}". Publish the page again.`);
  }
  return value;
}

function url(found: unknown, key: string): string {
  const value = text(found, key);
  if (!URL.canParse(value)) {
    throw new ConfigError(
      `"${key}" in this site's config.json is not a URL. Publish the page again.`,
    );
  }
  // So that `${value}/path` never holds two slashes.
  return value.replace(/\/+$/, "");
}
