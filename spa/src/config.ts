import { type MessageKey, t } from "./i18n";

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

/** The message says, to the person looking at the page, what is wrong and what fixes it. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly #key: MessageKey;
  readonly #values: Record<string, string>;

  constructor(key: MessageKey, values: Record<string, string> = {}) {
    super();
    this.#key = key;
    this.#values = values;
  }

  /** In the page's language, which may still be on its way when the fault is found. */
  override get message(): string {
    return t(this.#key, this.#values);
  }
}

/** Reads /config.json past every cache, because a deployment replaces it in place. */
export async function loadConfig(fetcher: typeof fetch = fetch): Promise<Config> {
  let answer: Response;
  try {
    answer = await fetcher("/config.json", { cache: "no-cache" });
  } catch {
    throw new ConfigError("broken.unreachable");
  }
  if (!answer.ok) {
    throw new ConfigError("broken.noConfig", { status: String(answer.status) });
  }
  let found: unknown;
  try {
    found = await answer.json();
  } catch {
    throw new ConfigError("broken.notJson");
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
    throw new ConfigError("broken.missing", { key });
  }
  return value;
}

function url(found: unknown, key: string): string {
  const value = text(found, key);
  if (!URL.canParse(value)) {
    throw new ConfigError("broken.notUrl", { key });
  }
  // So that `${value}/path` never holds two slashes.
  return value.replace(/\/+$/, "");
}
