/** A conversation's place in the page's address: `#/t/<thread id>`. A new one has none yet. */
const THREAD = /^#\/t\/([^/]+)$/;
/** 1 to 256 visible ASCII characters (docs/wire.md). */
const THREAD_ID = /^[!-~]{1,256}$/;

/** The thread that an address is about; undefined when it is about none, or about no possible one. */
export function threadOf(hash: string): string | undefined {
  const encoded = THREAD.exec(hash)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const threadId = decodeURIComponent(encoded);
    return THREAD_ID.test(threadId) ? threadId : undefined;
  } catch {
    return undefined;
  }
}

/** What follows the page's path in a conversation's address. */
export function hashOf(threadId: string): string {
  return `#/t/${encodeURIComponent(threadId)}`;
}

export function linkTo(threadId: string): string {
  return location.origin + location.pathname + hashOf(threadId);
}
