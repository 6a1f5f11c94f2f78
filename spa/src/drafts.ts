/**
 * What is being written, per conversation. In sessionStorage: it survives a reload and signing in
 * again, and goes with the tab. What one person writes is no business of the next one at this machine.
 */
export interface Drafts {
  read(threadId: string): string;
  write(threadId: string, text: string): void;
  /** The conversation in which nothing has been sent yet, so that it has no address; also after a reload. */
  unsaid: string | undefined;
}

const PREFIX = "sluice.draft.";
const STORED_UNSAID = "sluice.new";

export function createDrafts(storage: Storage = sessionStorage): Drafts {
  let unsaid = storage.getItem(STORED_UNSAID) ?? undefined;

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
    get unsaid() {
      return unsaid;
    },
    set unsaid(threadId) {
      unsaid = threadId;
      keep(STORED_UNSAID, threadId ?? "");
    },
  };
}
