import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { claimTab } from "../src/browser/copied-tab";
import { createDrafts } from "../src/threads/drafts";
import { createOutbox } from "../src/threads/outbox";
import { memory } from "./support";

/** Web Locks, of which this needs the exclusive ones. */
function fakeLocks() {
  const queues = new Map<string, Promise<unknown>>();
  const request = (async (
    name: string,
    { signal }: LockOptions,
    callback: LockGrantedCallback<unknown>,
  ) => {
    const before = queues.get(name) ?? Promise.resolve();
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
    let over: () => void = () => undefined;
    const runInput = new Promise<void>((resolve) => {
      over = resolve;
    });
    queues.set(name, Promise.all([before, runInput]));
    try {
      await Promise.race([before, aborted]);
      return await callback(null);
    } finally {
      over();
    }
  }) as LockManager["request"];
  return { request };
}

/** "Duplicate tab". */
function copyOf(storage: Storage): Storage {
  const copy = memory();
  for (const key of ["sluice.tab", "sluice.new", "sluice.outbox", "sluice.tokens"]) {
    const value = storage.getItem(key);
    if (value !== null) copy.setItem(key, value);
  }
  const newThreadId = storage.getItem("sluice.new");
  const draft = storage.getItem(`sluice.draft.${newThreadId}`);
  if (draft !== null) copy.setItem(`sluice.draft.${newThreadId}`, draft);
  return copy;
}

const INPUT = { threadId: "thread", runId: "run", messageId: "m", text: "hello" };
const showAgain = () => dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
const hide = () => dispatchEvent(new Event("pagehide"));

let locks: ReturnType<typeof fakeLocks>;
let storage: Storage;
let timeouts: AbortController[];
/** Time passes: whoever waits for a lock gives up. */
const wait = async () => {
  await new Promise((resolve) => setTimeout(resolve));
  for (const timeout of timeouts.splice(0)) timeout.abort();
};
const listeners: [string, EventListenerOrEventListenerObject][] = [];

beforeEach(() => {
  locks = fakeLocks();
  storage = memory();
  timeouts = [];
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
    const timeout = new AbortController();
    timeouts.push(timeout);
    return timeout.signal;
  });
  const add = globalThis.addEventListener;
  vi.spyOn(globalThis, "addEventListener").mockImplementation(
    (kind: string, listener: EventListenerOrEventListenerObject) => {
      listeners.push([kind, listener]);
      add(kind, listener);
    },
  );
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const [kind, listener] of listeners.splice(0)) removeEventListener(kind, listener);
});

/** A tab with a new chat, a draft in it, and a message that waits. */
async function tab(): Promise<string> {
  await claimTab(storage, locks);
  const drafts = createDrafts(storage);
  drafts.newThreadId = "new-chat";
  drafts.write("new-chat", "half a thought");
  createOutbox(storage).put(INPUT);
  return storage.getItem("sluice.tab") ?? "";
}

async function claimAsCopy(copy: Storage, reload?: () => void): Promise<void> {
  const claimed = claimTab(copy, locks, reload);
  await wait();
  await claimed;
}

test("a copied tab begins a conversation of its own, with a copy of what was being written", async () => {
  const name = await tab();
  const copy = copyOf(storage);
  await claimAsCopy(copy);
  const drafts = createDrafts(copy);
  expect(drafts.newThreadId).toMatch(/^[-\da-f]{36}$/);
  expect(drafts.read(drafts.newThreadId ?? "")).toBe("half a thought");
  expect(drafts.read("new-chat")).toBe("");
  expect(copy.getItem("sluice.tab")).not.toBe(name);
  expect(createDrafts(storage).newThreadId).toBe("new-chat");
});

test("a message that waits is sent by the tab that it was written in alone", async () => {
  await tab();
  const copy = copyOf(storage);
  await claimAsCopy(copy);
  expect(createOutbox(copy).threads()).toEqual([]);
  expect(createOutbox(storage).of("thread")).toEqual([INPUT]);
});

test("the copy of a copy is one too, and keeps its sign-in", async () => {
  await tab();
  storage.setItem("sluice.tokens", "{}");
  const copy = copyOf(storage);
  await claimAsCopy(copy);
  const second = copyOf(copy);
  await claimAsCopy(second);
  const chats = [storage, copy, second].map((each) => createDrafts(each).newThreadId);
  expect(new Set(chats).size).toBe(3);
  expect(second.getItem("sluice.tokens")).toBe("{}");
});

test("a tab that is copied twice has two copies, each with a conversation of its own", async () => {
  await tab();
  const copies = [copyOf(storage), copyOf(storage)];
  for (const copy of copies) await claimAsCopy(copy);
  const chats = [storage, ...copies].map((each) => createDrafts(each).newThreadId);
  expect(new Set(chats).size).toBe(3);
  expect(chats[0]).toBe("new-chat");
});

test("a tab without a new chat is copied without one", async () => {
  await claimTab(storage, locks);
  const copy = copyOf(storage);
  await claimAsCopy(copy);
  expect(createDrafts(copy).newThreadId).toBeUndefined();
});

test("a reload, also one that asks before the old page has let go, keeps what the tab has", async () => {
  const name = await tab();
  const claimed = claimTab(storage, locks);
  hide();
  await claimed;
  expect(storage.getItem("sluice.tab")).toBe(name);
  expect(createDrafts(storage).newThreadId).toBe("new-chat");
  expect(createOutbox(storage).of("thread")).toEqual([INPUT]);
});

test("a page that comes back from the cache goes on, unless a copy has taken its place", async () => {
  const reload = vi.fn();
  await claimTab(storage, locks, reload);
  hide();
  showAgain();
  await wait();
  expect(reload).not.toHaveBeenCalled();

  hide();
  await claimTab(copyOf(storage), locks);
  showAgain();
  await wait();
  await expect.poll(() => reload).toHaveBeenCalledOnce();
});

test("a browser that gives no locks loses nothing", async () => {
  const name = await tab();
  const request = () => Promise.reject(new DOMException("", "SecurityError"));
  await claimTab(storage, { request });
  expect(storage.getItem("sluice.tab")).toBe(name);
  expect(createOutbox(storage).of("thread")).toEqual([INPUT]);
});
