import { computed, type ReadonlySignal, signal } from "@preact/signals";
import {
  ErrorResponse,
  OidcClient,
  type SigninResponse,
  WebStorageStateStore,
} from "oidc-client-ts";
import type { Tokens } from "../api/api";
import type { Config } from "../config";

/** The runtime refuses a token within a minute of its end, so a renewal starts two minutes ahead. */
const RENEW_AHEAD_SECONDS = 120;
const REFUSED_AHEAD_SECONDS = 60;
/** A pool that says nothing for so long would hold up the other tabs too. */
const RENEWAL_SECONDS = 15;
const REVOKE_WAIT_MS = 3000;
/** A Web Lock's name: tabs of this site renew one at a time. */
const RENEWAL_LOCK = "sluice.renewal";
const STORED_TOKENS = "sluice.tokens";
const STORED_OWNER = "sluice.owner";
/** In localStorage: when somebody last signed out here, which ended the login page's session too. */
const STORED_END = "sluice.signed-out";
const SCOPE = "openid email profile";

/** What signing in gave. sessionStorage only: gone with the tab, and no other tab can read it. */
interface Grant {
  readonly idToken: string;
  readonly refreshToken: string;
  /** Seconds since the epoch, by this machine's clock. */
  readonly expiresAt: number;
  readonly email: string;
  /** Milliseconds since the epoch; renewals leave it as it is. */
  readonly signedInAt: number;
}

export interface Session extends Tokens {
  /** The signed-in person's email, or undefined when nobody is signed in. */
  readonly email: ReadonlySignal<string | undefined>;
  /** The signed-in person's id in the user pool; empty when nobody is signed in. */
  readonly owner: string;
  /** Leaves the page for the login page; comes back to the same path. */
  signIn(): Promise<void>;
  /**
   * Takes the code that the login page sent back and returns the path to go on with.
   *
   * @throws Error when the state, the nonce or the code is not what this tab asked for
   */
  completeSignIn(url: URL): Promise<string>;
  /** Revokes the refresh token, forgets all that this tab keeps, leaves the page for the logout page. */
  signOut(): Promise<void>;
  /** Forgets all that this tab keeps, because another tab has signed out. */
  forget(): void;
  /**
   * False once the tab keeps another sign-in than this session's, or none: what a page has to ask
   * that comes back out of the back/forward cache, where it hears of nothing.
   */
  isKept(): boolean;
}

/** True for the address that the login page redirects to. */
export function isCallback(url: URL): boolean {
  return (
    url.searchParams.has("state") && (url.searchParams.has("code") || url.searchParams.has("error"))
  );
}

/**
 * Sign-in by authorization code with PKCE (S256), state and nonce.
 *
 * The ID token's signature is not checked here: its claims are only shown, and the API verifies it.
 * Endpoints come from config.json, so that connect-src need not name the issuer's host.
 *
 * @param go leaves the page; replaced in tests
 */
export function createSession(config: Config, go = (url: string) => location.assign(url)): Session {
  const grant = signal(readGrant());
  const client = new OidcClient({
    authority: config.issuer,
    client_id: config.clientId,
    redirect_uri: location.origin,
    scope: SCOPE,
    // The library's own default is localStorage, which outlives the tab.
    stateStore: new WebStorageStateStore({ prefix: "sluice.oidc.", store: sessionStorage }),
    metadata: {
      issuer: config.issuer,
      authorization_endpoint: `${config.loginUrl}/oauth2/authorize`,
      token_endpoint: `${config.loginUrl}/oauth2/token`,
      revocation_endpoint: `${config.loginUrl}/oauth2/revoke`,
    },
  });

  let renewal: Promise<void> | undefined;

  /** One flight at a time: of two, the second would present a refresh token that the first has spent. */
  function renew(refused: string): Promise<void> {
    renewal ??= navigator.locks
      .request(RENEWAL_LOCK, async () => {
        const before = grant.value;
        if (!before || before.idToken !== refused) return;
        const next = await exchange(client, before);
        if (grant.value === before) keep(next);
        // Signed out meanwhile: nobody is to have these.
        else if (next) void revoke(next);
      })
      .finally(() => {
        renewal = undefined;
      });
    return renewal;
  }

  function keep(next: Grant | undefined): void {
    // First of all, because what was before is spent.
    grant.value = next;
    sessionStorage.removeItem(STORED_TOKENS);
    try {
      if (next) sessionStorage.setItem(STORED_TOKENS, JSON.stringify(next));
    } catch {
      // The tab is full: signed in as long as the page lives.
    }
  }

  async function revoke({ refreshToken }: Grant): Promise<void> {
    // The person wants to be out: a revocation that fails must not keep them in.
    await client.revokeToken(refreshToken, "refresh_token").catch(() => undefined);
  }

  async function revokeHeld(): Promise<void> {
    await renewal?.catch(() => undefined);
    if (grant.value) await revoke(grant.value);
  }

  return {
    email: computed(() => grant.value?.email),

    get owner() {
      return (grant.value && sessionStorage.getItem(STORED_OWNER)) ?? "";
    },

    async current() {
      const held = grant.value;
      if (!held || secondsLeft(held) >= RENEW_AHEAD_SECONDS) return held?.idToken;
      try {
        await renew(held.idToken);
      } catch (error) {
        // It is still taken, and the next request tries again.
        if (secondsLeft(held) < REFUSED_AHEAD_SECONDS) throw error;
      }
      return grant.value?.idToken;
    },

    async renewed() {
      const held = grant.value;
      if (held) await renew(held.idToken);
      return grant.value?.idToken;
    },

    async signIn() {
      const request = await client.createSigninRequest({
        // Not sent by default; the library compares it with the ID token's when it is.
        nonce: crypto.randomUUID(),
        state: { path: location.pathname + location.search + location.hash },
      });
      go(request.url);
    },

    async completeSignIn(url) {
      const response = await client.processSigninResponse(url.href);
      const next = grantOf(response, undefined, Date.now());
      const { sub } = response.profile;
      // What this tab still holds of an earlier sign-in is for that person's eyes only.
      if (sessionStorage.getItem(STORED_OWNER) !== sub) sessionStorage.clear();
      sessionStorage.setItem(STORED_OWNER, sub);
      keep(next);
      return (response.userState as { path: string }).path;
    },

    async signOut() {
      // First of all: tabs that the browser has put aside look for it when they come back.
      rememberEnd();
      // A revocation that hangs is not waited for.
      const timeout = new Promise((resolve) => setTimeout(resolve, REVOKE_WAIT_MS));
      await Promise.race([revokeHeld(), timeout]);
      keep(undefined);
      sessionStorage.clear();
      // Cognito's own address and parameters; it refuses those of OpenID Connect's end_session_endpoint.
      const query = new URLSearchParams({
        client_id: config.clientId,
        logout_uri: location.origin,
      });
      go(`${config.loginUrl}/logout?${query}`);
    },

    forget() {
      keep(undefined);
      sessionStorage.clear();
    },

    isKept() {
      return grant.value !== undefined && readGrant()?.signedInAt === grant.value.signedInAt;
    },
  };
}

/** Spends a refresh token. Undefined: only signing in again helps. */
async function exchange(client: OidcClient, before: Grant): Promise<Grant | undefined> {
  const state = {
    refresh_token: before.refreshToken,
    id_token: before.idToken,
    session_state: null,
    scope: SCOPE,
    profile: { sub: "", iss: "", aud: "", exp: 0, iat: 0 },
  };
  try {
    const response = await client.useRefreshToken({ state, timeoutInSeconds: RENEWAL_SECONDS });
    return grantOf(response, before.refreshToken, before.signedInAt);
  } catch (error) {
    // A refusal in OAuth's words stays one. A network that is down and a pool that is busy fix
    // themselves; should the refresh token be spent by then, that is refused in these words.
    if (error instanceof ErrorResponse) return undefined;
    throw error;
  }
}

function secondsLeft({ expiresAt }: Grant): number {
  return expiresAt - Date.now() / 1000;
}

/** @param spent the refresh token to keep when the pool does not rotate it */
function grantOf(response: SigninResponse, spent: string | undefined, signedInAt: number): Grant {
  const refreshToken = response.refresh_token ?? spent;
  if (!response.id_token || !refreshToken || response.expires_at === undefined) {
    throw new Error("the login page's answer lacks a token");
  }
  const { email, sub } = response.profile;
  return {
    idToken: response.id_token,
    refreshToken,
    expiresAt: response.expires_at,
    email: email ?? sub,
    signedInAt,
  };
}

function readGrant(): Grant | undefined {
  const stored = sessionStorage.getItem(STORED_TOKENS);
  if (stored === null) return undefined;
  const grant = JSON.parse(stored) as Grant;
  if (grant.signedInAt > Number(localStorage.getItem(STORED_END))) return grant;
  // A tab that the browser had put aside did not hear that another one signed out.
  sessionStorage.clear();
  return undefined;
}

function rememberEnd(): void {
  try {
    localStorage.setItem(STORED_END, String(Date.now()));
  } catch {
    // The browser keeps nothing for this site: tabs that are in use have heard of it.
  }
}
