import { createDrafts } from "../threads/drafts";
import { createOutbox } from "../threads/outbox";

/** This tab's name. A copy of the tab has it too, but one tab at a time holds its Web Lock. */
const STORED = "sluice.tab";
/** A page that goes away, as in a reload, has let go of it by then. */
const RELEASE_MS = 1_000;

type Locks = Pick<LockManager, "request">;

/**
 * "Duplicate tab", window.open and a link to a new window copy the sessionStorage. What stands in it
 * is the first tab's to act on: the copy leaves the messages that wait to it, and begins a new
 * conversation of its own, with a copy of what was being written. Call before these are read.
 */
export async function claimTab(
  storage: Storage = sessionStorage,
  locks: Locks = navigator.locks,
  reload = () => location.reload(),
): Promise<void> {
  const known = storage.getItem(STORED) ?? "";
  let name = known || crypto.randomUUID();
  let hold = await take(name, locks);
  if (hold === "taken") {
    disown(storage);
    name = crypto.randomUUID();
    hold = await take(name, locks);
  }
  if (name !== known) keep(storage, name);

  // Let go before the next page asks; and a page that holds a lock is not kept for Back and Forward.
  addEventListener("pagehide", () => {
    if (typeof hold === "function") hold();
  });
  addEventListener("pageshow", async ({ persisted }) => {
    if (!persisted) return;
    hold = await take(name, locks);
    // A copy was opened meanwhile, and what this page still holds is now the copy's.
    if (hold === "taken") reload();
  });
}

type Hold = (() => void) | "taken" | "unknown";

/** Takes a name's lock; returns what lets go of it. `unknown`: the browser gives no locks. */
function take(name: string, locks: Locks): Promise<Hold> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(RELEASE_MS);
    const whenMine = () => new Promise<void>((release) => resolve(() => release()));
    locks
      .request(`sluice.tab.${name}`, { signal }, whenMine)
      .catch(() => resolve(signal.aborted ? "taken" : "unknown"));
  });
}

function disown(storage: Storage): void {
  const outbox = createOutbox(storage);
  for (const threadId of outbox.threads()) outbox.forget(threadId);
  const drafts = createDrafts(storage);
  const { newThreadId } = drafts;
  if (newThreadId === undefined) return;
  const text = drafts.read(newThreadId);
  drafts.write(newThreadId, "");
  // Emptied first, so that a full tab does not keep the other one's.
  drafts.newThreadId = undefined;
  drafts.newThreadId = crypto.randomUUID();
  drafts.write(drafts.newThreadId, text);
}

function keep(storage: Storage, name: string): void {
  storage.removeItem(STORED);
  try {
    storage.setItem(STORED, name);
  } catch {
    // The tab is full: a copy of it cannot be told from it.
  }
}
