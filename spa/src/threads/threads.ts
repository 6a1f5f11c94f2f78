import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Actions } from "../api/actions";
import { problemOf } from "../api/api";
import type { Summary } from "../api/stored";
import type { Problem } from "../run/problems";
import { type Group, groupByTime, search } from "./groups";
import { createRequestOrder } from "./request-order";
import { createTextSearch } from "./text-search";

/** A deletion that can still be taken back. */
export interface Removal {
  readonly thread: Summary;
}

/** The person's conversations, as the server has them; kept in memory only. */
export interface Threads {
  /** Newest first, without what is being deleted. Undefined: not known yet. */
  readonly all: ReadonlySignal<readonly Summary[] | undefined>;
  readonly query: Signal<string>;
  /** What matches the query, by time. */
  readonly groups: ReadonlySignal<readonly Group[]>;
  /** Lines in which the query's words were said, by thread. */
  readonly excerpts: ReadonlySignal<ReadonlyMap<string, string>>;
  /** Why the last change or reading did not work. */
  readonly problem: ReadonlySignal<Problem | undefined>;
  readonly removal: ReadonlySignal<Removal | undefined>;
  load(): Promise<void>;
  /** A conversation has a new message: it is the newest, and named after its first one. */
  touch(threadId: string, text: string): void;
  rename(threadId: string, title: string): Promise<void>;
  /** Takes a conversation out of sight; the request leaves when it can no longer be taken back. */
  remove(threadId: string): void;
  undo(): void;
  /** Deletes at once what was to be deleted later, also when the page goes away. */
  settle(leaving?: boolean): void;
  /** Another tab has deleted it. */
  forget(threadId: string): void;
}

const UNDO_MS = 8_000;
const TITLE_CHARACTERS = 80;

/**
 * @param session the thread whose session is to answer: the one that is open
 * @param onChange the list is no longer what other tabs have
 */
export function createThreads(
  actions: Actions,
  session: () => string,
  onChange: (deleted?: string) => void,
): Threads {
  const known = signal<readonly Summary[] | undefined>(undefined);
  const query = signal("");
  const problem = signal<Problem | undefined>(undefined);
  const removal = signal<(Removal & { readonly timer: number }) | undefined>(undefined);
  const requestOrder = createRequestOrder();
  /** Deleted, though a list that was asked for until then, by its number, may still have them. */
  const gone = signal<ReadonlyMap<string, number>>(new Map());
  /** With a message from here, of which a list that was asked for until then knows nothing yet. */
  const touched = new Map<string, { readonly thread: Summary; readonly request: number }>();
  /** The last name that a conversation was given here: what becomes of an earlier one is past. */
  const names = new Map<string, string>();

  const all = computed(() =>
    known.value?.filter(
      ({ threadId }) => threadId !== removal.value?.thread.threadId && !gone.value.has(threadId),
    ),
  );

  function put(thread: Summary): void {
    const others = (known.value ?? []).filter(({ threadId }) => threadId !== thread.threadId);
    known.value = newestFirst([thread, ...others]);
  }

  function show(loaded: readonly Summary[], request: number): void {
    requestOrder.show(request);
    for (const [threadId, each] of touched) {
      const isListed = loaded.some((thread) => thread.threadId === threadId);
      if (isListed && each.request < request) touched.delete(threadId);
    }
    const listed = loaded.map((thread) => {
      const updatedAt = touched.get(thread.threadId)?.thread.updatedAt ?? thread.updatedAt;
      const title = names.get(thread.threadId) ?? thread.title;
      return { ...thread, title, updatedAt };
    });
    const ids = new Set(loaded.map(({ threadId }) => threadId));
    const own = [...touched.values()].map(({ thread }) => thread);
    known.value = newestFirst([...own.filter(({ threadId }) => !ids.has(threadId)), ...listed]);
    gone.value = new Map([...gone.value].filter(([, last]) => last >= request));
  }

  function hide(threadId: string, last: number): void {
    touched.delete(threadId);
    gone.value = new Map(gone.value).set(threadId, last);
  }

  function drop(threadId: string): void {
    hide(threadId, requestOrder.last);
    known.value = known.value?.filter((thread) => thread.threadId !== threadId);
  }

  function unhide(threadId: string): void {
    gone.value = new Map([...gone.value].filter(([each]) => each !== threadId));
  }

  function name(threadId: string, title: string): void {
    known.value = known.value?.map((each) =>
      each.threadId === threadId ? { ...each, title } : each,
    );
  }

  function tell(error: unknown): void {
    problem.value = problemOf(error);
  }

  const found = createTextSearch(
    query,
    (words, signal) => actions.search(words, session(), signal),
    tell,
  );
  const excerpts = computed(found);

  async function carryOut({ thread }: Removal, leaving: boolean): Promise<void> {
    hide(thread.threadId, Infinity);
    try {
      await actions.remove(thread.threadId, session(), leaving);
      drop(thread.threadId);
      onChange(thread.threadId);
    } catch (error) {
      batch(() => {
        unhide(thread.threadId);
        tell(error);
      });
    }
  }

  function settle(leaving = false): void {
    const waiting = removal.value;
    if (!waiting) return;
    clearTimeout(waiting.timer);
    batch(() => {
      void carryOut(waiting, leaving);
      removal.value = undefined;
    });
  }

  return {
    all,
    query,
    groups: computed(() => groupByTime(search(all.value ?? [], query.value, excerpts.value))),
    excerpts,
    problem,
    removal,

    async load() {
      const request = requestOrder.next();
      try {
        const loaded = await actions.list(session());
        if (requestOrder.isPast(request)) return;
        batch(() => {
          show(loaded, request);
          problem.value = undefined;
        });
      } catch (error) {
        if (!requestOrder.isPast(request)) tell(error);
      }
    },

    touch(threadId, text) {
      const now = new Date().toISOString();
      const before = known.value?.find((thread) => thread.threadId === threadId);
      const title = text.trim().split("\n", 1)[0]?.slice(0, TITLE_CHARACTERS) ?? "";
      const thread = { threadId, title, createdAt: now, ...before, updatedAt: now };
      touched.set(threadId, { thread, request: requestOrder.last });
      batch(() => {
        unhide(threadId);
        put(thread);
      });
    },

    async rename(threadId, title) {
      const before = known.value?.find((thread) => thread.threadId === threadId);
      if (!before || title === "" || title === before.title) return;
      names.set(threadId, title);
      batch(() => {
        name(threadId, title);
        problem.value = undefined;
      });
      const isLast = () => names.get(threadId) === title;
      try {
        // The title only: that it was renamed moves it nowhere.
        const { title: kept } = await actions.rename(threadId, title, session());
        if (isLast()) name(threadId, kept);
        onChange();
      } catch (error) {
        batch(() => {
          if (isLast()) name(threadId, before.title);
          tell(error);
        });
      }
      if (isLast()) names.delete(threadId);
    },

    remove(threadId) {
      settle();
      const thread = known.value?.find((each) => each.threadId === threadId);
      if (!thread) return;
      batch(() => {
        problem.value = undefined;
        removal.value = { thread, timer: Number(setTimeout(settle, UNDO_MS)) };
      });
    },

    undo() {
      if (removal.value) clearTimeout(removal.value.timer);
      removal.value = undefined;
    },

    settle,

    forget: drop,
  };
}

function newestFirst(threads: readonly Summary[]): readonly Summary[] {
  return threads.toSorted((a, b) =>
    a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0,
  );
}
