import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Finding } from "../api/stored";

/** Conversations that the server found by what was said in them, for one query. */
interface Found {
  readonly query: string;
  /** By thread: the line around the first word that was found. */
  readonly excerpts: ReadonlyMap<string, string>;
}

const NOTHING: Found = { query: "", excerpts: new Map() };
/** People type faster than this, and one letter finds everything. */
const PAUSE_MS = 250;
const MIN_CHARACTERS = 2;
/** docs/wire.md. */
const MAX_CHARACTERS = 200;

/**
 * Asks the server for a query once it rests. Lives as long as the page.
 *
 * @returns what was found, by thread; of an earlier query only where this one goes on from it
 */
export function createTextSearch(
  query: ReadonlySignal<string>,
  ask: (query: string, signal: AbortSignal) => Promise<readonly Finding[]>,
  onFailure: (error: unknown) => void,
): () => ReadonlyMap<string, string> {
  const found = signal(NOTHING);

  effect(() => {
    const wanted = query.value.trim().slice(0, MAX_CHARACTERS);
    if (wanted.length < MIN_CHARACTERS) {
      found.value = NOTHING;
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const results = await ask(wanted, abort.signal);
        if (abort.signal.aborted) return;
        const excerpts = new Map(results.map(({ threadId, excerpt }) => [threadId, excerpt]));
        found.value = { query: wanted, excerpts };
      } catch (error) {
        if (!abort.signal.aborted) onFailure(error);
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  });

  return () => {
    const { query: earlier, excerpts } = found.value;
    return query.value.trim().startsWith(earlier) ? excerpts : NOTHING.excerpts;
  };
}
