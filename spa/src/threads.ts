import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type Group, groupByTime, search } from "./groups";
import { type Problem, UNREACHABLE } from "./problems";
import type { Actions } from "./wire/actions";
import { Refused } from "./wire/api";
import type { Summary } from "./wire/stored";

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
  /** Deleted here, though a list that was on its way may still have them. */
  const gone = signal<ReadonlySet<string>>(new Set());

  const all = computed(() =>
    known.value?.filter(
      ({ threadId }) => threadId !== removal.value?.thread.threadId && !gone.value.has(threadId),
    ),
  );

  function put(thread: Summary): void {
    const others = (known.value ?? []).filter(({ threadId }) => threadId !== thread.threadId);
    known.value = [thread, ...others].toSorted((a, b) =>
      a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0,
    );
  }

  function tell(error: unknown): void {
    problem.value = error instanceof Refused ? error.problem : UNREACHABLE;
  }

  async function carryOut({ thread }: Removal, leaving: boolean): Promise<void> {
    gone.value = new Set(gone.value).add(thread.threadId);
    try {
      await actions.remove(thread.threadId, session(), leaving);
      onChange(thread.threadId);
    } catch (error) {
      batch(() => {
        gone.value = new Set([...gone.value].filter((id) => id !== thread.threadId));
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
    groups: computed(() => groupByTime(search(all.value ?? [], query.value))),
    problem,
    removal,

    async load() {
      try {
        const loaded = await actions.list(session());
        batch(() => {
          known.value = loaded;
          problem.value = undefined;
        });
      } catch (error) {
        tell(error);
      }
    },

    touch(threadId, text) {
      const now = new Date().toISOString();
      const before = known.value?.find((thread) => thread.threadId === threadId);
      const title = text.trim().split("\n", 1)[0]?.slice(0, TITLE_CHARACTERS) ?? "";
      put({ threadId, title, createdAt: now, ...before, updatedAt: now });
    },

    async rename(threadId, title) {
      const before = known.value?.find((thread) => thread.threadId === threadId);
      if (!before || title === "" || title === before.title) return;
      const replaced = (next: Summary) =>
        known.value?.map((thread) => (thread.threadId === threadId ? next : thread));
      batch(() => {
        known.value = replaced({ ...before, title });
        problem.value = undefined;
      });
      try {
        // The title only: that it was renamed moves it nowhere.
        const { title: kept } = await actions.rename(threadId, title, session());
        known.value = replaced({ ...before, title: kept });
        onChange();
      } catch (error) {
        batch(() => {
          known.value = replaced(before);
          tell(error);
        });
      }
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

    forget(threadId) {
      known.value = known.value?.filter((thread) => thread.threadId !== threadId);
    },
  };
}
