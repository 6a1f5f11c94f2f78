import { beforeEach, expect, test, vi } from "vitest";
import { createSession, isCallback } from "../src/auth/session";
import { fullStorage } from "./support";

const CONFIG = {
  issuer: "https://pool.example/p",
  clientId: "client",
  apiUrl: "https://api.example",
  loginUrl: "https://login.example",
};

interface Pool {
  sub: string;
  nonce: string;
  expiresIn: number;
  answer: () => Response | Promise<Response>;
  requests: { path: string; form: URLSearchParams }[];
}

/** A user pool that answers as Cognito does: a new refresh token each time. */
function fakePool(): Pool {
  let issued = 0;
  const pool: Pool = {
    sub: "someone",
    nonce: "",
    expiresIn: 3600,
    answer: () => {
      issued += 1;
      const token = jwt({
        sub: pool.sub,
        email: "demo@example.com",
        nonce: pool.nonce,
        auth_time: 1,
        jti: issued,
      });
      return Response.json({
        id_token: token,
        access_token: "access",
        refresh_token: `refresh-${issued}`,
        expires_in: pool.expiresIn,
        token_type: "Bearer",
      });
    },
    requests: [],
  };
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    pool.requests.push({
      path: new URL(url).pathname,
      form: new URLSearchParams(String(init.body)),
    });
    return new URL(url).pathname === "/oauth2/revoke" ? new Response("") : pool.answer();
  });
  return pool;
}

function jwt(claims: object): string {
  const part = (value: object) =>
    btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${part({ alg: "RS256" })}.${part(claims)}.signature`;
}

let pool: Pool;
let gone: URL[];

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
  pool = fakePool();
  gone = [];
  // happy-dom has no Web Locks; a queue of one is what this page needs of them.
  let queue: Promise<unknown> = Promise.resolve();
  const request = (_: string, work: () => Promise<unknown>) => (queue = queue.then(work, work));
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
});

const open = () => createSession(CONFIG, (url) => gone.push(new URL(url)));

async function signedIn() {
  const session = open();
  await session.signIn();
  const request = gone.at(-1)?.searchParams ?? new URLSearchParams();
  pool.nonce = request.get("nonce") ?? "";
  const path = await session.completeSignIn(
    new URL(`${location.origin}/?code=code&state=${request.get("state")}`),
  );
  return { session, request, path };
}

test("T12: sign-in asks for a code with PKCE, state and nonce, and comes back to the origin exactly", async () => {
  const { request } = await signedIn();
  expect(gone[0]?.origin + (gone[0]?.pathname ?? "")).toBe(
    "https://login.example/oauth2/authorize",
  );
  expect(Object.fromEntries(request)).toMatchObject({
    response_type: "code",
    client_id: "client",
    redirect_uri: location.origin,
    scope: "openid email profile",
    code_challenge_method: "S256",
  });
  for (const name of ["state", "nonce", "code_challenge"])
    expect(request.get(name)?.length).toBeGreaterThan(30);
  expect(pool.requests[0]?.form.get("code_verifier")?.length).toBeGreaterThan(42);
  expect(pool.requests[0]?.form.get("redirect_uri")).toBe(location.origin);
});

test("T12: tokens and sign-in state are in sessionStorage only", async () => {
  const { session } = await signedIn();
  expect(session.email.value).toBe("demo@example.com");
  expect(localStorage).toHaveLength(0);
  expect(open().email.value).toBe("demo@example.com");
});

test("T12: a nonce that is not ours is refused", async () => {
  const session = open();
  await session.signIn();
  pool.nonce = "another";
  await expect(
    session.completeSignIn(
      new URL(`${location.origin}/?code=c&state=${gone[0]?.searchParams.get("state")}`),
    ),
  ).rejects.toThrow(/nonce/);
  expect(session.email.value).toBeUndefined();
});

test("T12: a state that this tab never asked for, and a code sent twice, are refused", async () => {
  const { session, request } = await signedIn();
  for (const state of ["made-up", request.get("state")]) {
    await expect(
      session.completeSignIn(new URL(`${location.origin}/?code=c&state=${state}`)),
    ).rejects.toThrow();
  }
  expect(pool.requests).toHaveLength(1);
});

test("T1: what a tab kept of one person is there when they sign in again, and gone when another does", async () => {
  await signedIn();
  sessionStorage.setItem("sluice.draft", "mine");
  await signedIn();
  expect(sessionStorage.getItem("sluice.draft")).toBe("mine");
  pool.sub = "someone else";
  await signedIn();
  expect(sessionStorage.getItem("sluice.draft")).toBeNull();
});

test("the path is remembered across the login page", async () => {
  history.replaceState(null, "", "/deep?x=1#part");
  expect((await signedIn()).path).toBe("/deep?x=1#part");
  history.replaceState(null, "", "/");
});

test("a callback is told from other addresses", () => {
  expect(isCallback(new URL("https://a/?code=1&state=2"))).toBe(true);
  expect(isCallback(new URL("https://a/?error=access_denied&state=2"))).toBe(true);
  expect(isCallback(new URL("https://a/?code=1"))).toBe(false);
});

test("a token that lives on for more than two minutes is used as it is", async () => {
  const { session } = await signedIn();
  expect(await session.current()).toBe(await session.current());
  expect(pool.requests).toHaveLength(1);
});

test("F6: within two minutes of its end the token is renewed, once for all who ask", async () => {
  pool.expiresIn = 100;
  const { session } = await signedIn();
  pool.expiresIn = 3600;
  const tokens = await Promise.all([session.current(), session.current(), session.renewed()]);
  expect(new Set(tokens).size).toBe(1);
  expect(pool.requests.map(({ form }) => form.get("refresh_token"))).toEqual([null, "refresh-1"]);
  await session.renewed();
  expect(pool.requests.at(-1)?.form.get("refresh_token")).toBe("refresh-2");
});

test("F6: a refresh token that the pool refuses ends the sign-in; an unreachable pool does not", async () => {
  const { session } = await signedIn();
  pool.answer = () => {
    throw new TypeError("network");
  };
  await expect(session.renewed()).rejects.toThrow("network");
  expect(session.email.value).toBe("demo@example.com");
  pool.answer = () => Response.json({ error: "invalid_grant" }, { status: 400 });
  expect(await session.renewed()).toBeUndefined();
  expect(session.email.value).toBeUndefined();
  expect(await session.current()).toBeUndefined();
});

test("F6: a pool that is busy or at fault for a moment does not end the sign-in", async () => {
  const { session } = await signedIn();
  const { answer } = pool;
  for (const failing of [
    () => new Response("<html>", { status: 503, headers: { "Content-Type": "text/html" } }),
    () => Response.json({ message: "Too many requests" }, { status: 429 }),
  ]) {
    pool.answer = failing;
    await expect(session.renewed()).rejects.toThrow();
    expect(session.email.value).toBe("demo@example.com");
  }
  pool.answer = answer;
  expect(await session.renewed()).toBeTypeOf("string");
});

test("F6: a token that is still good is used when it cannot be renewed ahead of its end", async () => {
  pool.expiresIn = 100;
  const { session } = await signedIn();
  const token = JSON.parse(sessionStorage.getItem("sluice.tokens") ?? "").idToken;
  pool.answer = () => new Response("", { status: 503 });
  expect(await session.current()).toBe(token);
  expect(pool.requests).toHaveLength(2);
  const soon = Date.now() + 60_000;
  vi.spyOn(Date, "now").mockReturnValue(soon);
  await expect(session.current()).rejects.toThrow();
  vi.restoreAllMocks();
});

test("F6: a renewal that hangs is given up, so that it holds up no other tab", async () => {
  const { session } = await signedIn();
  vi.useFakeTimers();
  vi.stubGlobal(
    "fetch",
    (_: string, { signal }: RequestInit) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error)),
      ),
  );
  const renewing = expect(session.renewed()).rejects.toThrow();
  await vi.advanceTimersByTimeAsync(60_000);
  await renewing;
  vi.useRealTimers();
  expect(session.email.value).toBe("demo@example.com");
});

test("T12: a renewal that ends after signing out signs nobody in again, and is revoked", async () => {
  const { session } = await signedIn();
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { answer: give } = pool;
  pool.answer = async () => {
    await held;
    return give();
  };
  const renewing = session.renewed();
  await expect.poll(() => pool.requests.length).toBe(2);
  session.forget();
  answer();
  expect(await renewing).toBeUndefined();
  expect(session.email.value).toBeUndefined();
  expect(sessionStorage).toHaveLength(0);
  await expect.poll(() => pool.requests.at(-1)?.form.get("token")).toBe("refresh-2");
});

test("F6: a tab that is full keeps the renewed tokens while it lives", async () => {
  const { session } = await signedIn();
  vi.stubGlobal("sessionStorage", fullStorage());
  const token = await session.renewed();
  expect(token).toBeTypeOf("string");
  await session.renewed();
  vi.unstubAllGlobals();
  expect(pool.requests.map(({ form }) => form.get("refresh_token"))).toEqual([
    null,
    "refresh-1",
    "refresh-2",
  ]);
});

test("T12: signing out while the tokens are renewed revokes the new ones", async () => {
  const { session } = await signedIn();
  const renewing = session.renewed();
  await session.signOut();
  await renewing;
  expect(pool.requests.at(-1)?.form.get("token")).toBe("refresh-2");
  expect(sessionStorage).toHaveLength(0);
  expect(gone.at(-1)?.pathname).toBe("/logout");
});

test("signing out revokes the refresh token, forgets everything and goes to Cognito's logout", async () => {
  const { session } = await signedIn();
  sessionStorage.setItem("sluice.draft", "secret");
  await session.signOut();
  expect(pool.requests.at(-1)).toMatchObject({ path: "/oauth2/revoke" });
  expect(pool.requests.at(-1)?.form.get("token")).toBe("refresh-1");
  expect(sessionStorage).toHaveLength(0);
  expect(gone.at(-1)?.href).toBe(
    `https://login.example/logout?client_id=client&logout_uri=${encodeURIComponent(location.origin)}`,
  );
});

test("when another tab has signed out, this one forgets everything, and revokes nothing twice", async () => {
  const { session } = await signedIn();
  expect(session.owner).toBe("someone");
  sessionStorage.setItem("sluice.draft.t", "secret");
  session.forget();
  expect(sessionStorage).toHaveLength(0);
  expect([session.email.value, session.owner]).toEqual([undefined, ""]);
  expect(pool.requests.map(({ path }) => path)).toEqual(["/oauth2/token"]);
});
