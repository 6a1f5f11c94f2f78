/**
 * What is being written, per conversation. In sessionStorage: it survives a reload and signing in
 * again, and goes with the tab. What one person writes is no business of the next one at this machine.
 */
export interface Drafts {
  read(threadId: string): string;
  write(threadId: string, text: string): void;
  /** The conversation in which nothing has been sent yet, so that it has no address; also after a reload. */
  newThreadId: string | undefined;
}

const PREFIX = "sluice.draft.";
const STORED_NEW_THREAD_ID = "sluice.new";

export function createDrafts(storage: Storage = sessionStorage): Drafts {
  let newThreadId = storage.getItem(STORED_NEW_THREAD_ID) ?? undefined;

  function keep(key: string, text: string): void {
    try {
      if (text) storage.setItem(key, text);
      else storage.removeItem(key);
    } catch {
      // The tab is full: it is on the page, and lives as long as it.
    }
  }

  return {
    read: (threadId) => storage.getItem(PREFIX + threadId) ?? "",
    write: (threadId, text) => keep(PREFIX + threadId, text),
    get newThreadId() {
      return newThreadId;
    },
    set newThreadId(threadId) {
      newThreadId = threadId;
      keep(STORED_NEW_THREAD_ID, threadId ?? "");
    },
  };
}
