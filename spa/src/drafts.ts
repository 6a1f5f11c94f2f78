/**
 * What is being written, per conversation. In sessionStorage: it survives a reload and signing in
 * again, and goes with the tab. What one person writes is no business of the next one at this machine.
 */
export interface Drafts {
  read(threadId: string): string;
  write(threadId: string, text: string): void;
}

const PREFIX = "sluice.draft.";

export function createDrafts(storage: Storage = sessionStorage): Drafts {
  return {
    read: (threadId) => storage.getItem(PREFIX + threadId) ?? "",
    write(threadId, text) {
      try {
        if (text) storage.setItem(PREFIX + threadId, text);
        else storage.removeItem(PREFIX + threadId);
      } catch {
        // The tab is full: the draft is on the page, and lives as long as it.
      }
    },
  };
}
