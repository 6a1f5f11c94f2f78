import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Chat } from "../api/chat";
import type { AgentInfo, Summary } from "../api/stored";
import { hashOf, threadOf } from "../browser/address";
import { watchPageLifecycle } from "../browser/page-lifecycle";
import { createTabs, type TabEvent } from "../browser/tabs";
import type { MessageKey } from "../i18n";
import { UNREACHABLE } from "../run/problems";
import { type Attachments, createAttachments } from "./attachments";
import { createDrafts } from "./drafts";
import { createOpenThread, type OpenThread } from "./open-thread";
import { createOutbox } from "./outbox";
import { saveThread } from "./save";
import { createThreads, type Threads } from "./threads";

/** So many conversations stay as they are when another is opened, so that going back to them is instant. */
const KEPT = 8;
const NOTICE_MS = 6_000;

/** What one tab works on: a conversation, the text being typed, the list, and what the agent said of itself. */
export interface Workspace {
  readonly openThread: ReadonlySignal<OpenThread>;
  /** The open conversation's. */
  readonly draft: Signal<string>;
  readonly attachments: Attachments;
  readonly agent: ReadonlySignal<AgentInfo | undefined>;
  readonly threads: Threads;
  /** A sentence to show for a while: what came of something that leaves no trace on the page. */
  readonly notice: Signal<MessageKey | undefined>;
  /**
   * Sends a text with the files beside it, and empties the draft; what has to be changed first comes
   * back as the draft. Does nothing while a file is not ready.
   */
  send(text: string): Promise<void>;
  /** Leaves the conversation for a new, empty one, with what is being written. */
  newChat(): void;
  open(threadId: string): void;
  /** Deletes a conversation; for a while `undelete` takes it back. */
  remove(threadId: string): void;
  undelete(): void;
  /** Hands a conversation to the browser's downloads, as the server has it. */
  save(thread: Summary, format: "md" | "json"): Promise<void>;
  /** Stores nothing from now on, because the person signs out; other tabs are told. */
  close(): void;
}

/**
 * @param owner whose conversations these are, so that tabs of the same person agree
 * @param onSignedOut another tab has signed out
 */
export function createWorkspace(
  chat: Chat,
  owner: string,
  onSignedOut: () => void = () => undefined,
): Workspace {
  const agent = signal<AgentInfo | undefined>(undefined);
  const drafts = createDrafts();
  const attachments = createAttachments(chat, agent);
  const outbox = createOutbox();
  const opened = new Map<string, OpenThread>();
  const tabs = createTabs(owner, onTabEvent);
  let isClosed = false;

  const first = threadOf(location.hash);
  if (first === undefined) drafts.newThreadId ??= crypto.randomUUID();
  const openThread = signal(create(first ?? drafts.newThreadId ?? crypto.randomUUID()));
  const draft = signal(drafts.read(openThread.value.threadId));
  const threads = createThreads(
    chat,
    () => openThread.value.threadId,
    function onChange(deleted) {
      if (deleted !== undefined) discard(deleted);
      tabs.tell(
        deleted === undefined ? { kind: "list-changed" } : { kind: "deleted", threadId: deleted },
      );
    },
  );
  const notice = signal<MessageKey | undefined>(undefined);
  /** The conversation that was open when it was deleted. */
  let closedByRemoval: string | undefined;

  function create(threadId: string): OpenThread {
    const created = createOpenThread(threadId, chat, outbox, {
      started: (text) => text && threads.touch(threadId, text),
      // Not before: another tab that looks at once has to find it.
      begun: () => tabs.tell({ kind: "run-started", threadId }),
      ended() {
        tabs.tell({ kind: "run-ended", threadId });
        // The server names it after its first message.
        if (created.messages.value.length <= 2) void threads.load();
        forgetOldest();
      },
    });
    opened.set(threadId, created);
    return created;
  }

  /** Ended conversations are kept in the order of their use; running ones always. */
  function forgetOldest(): void {
    for (const [threadId, each] of opened) {
      if (opened.size <= KEPT) return;
      if (each.running.value || each === openThread.value) continue;
      each.leave();
      opened.delete(threadId);
    }
  }

  /** A conversation is deleted, here or in another tab. */
  function discard(threadId: string): void {
    // A message that is still on its way would begin it anew.
    outbox.forget(threadId);
    opened.get(threadId)?.leave();
    opened.delete(threadId);
    if (openThread.value.threadId === threadId) openNew(true);
  }

  function show(next: OpenThread, text: string): void {
    opened.delete(next.threadId);
    opened.set(next.threadId, next);
    batch(() => {
      // The draft is stored under the conversation it was written in.
      openThread.value = next;
      draft.value = text;
    });
    forgetOldest();
  }

  function open(threadId: string): void {
    if (threadId === openThread.value.threadId) return;
    show(opened.get(threadId) ?? create(threadId), drafts.read(threadId));
    void openThread.value.load();
    if (threadOf(location.hash) !== threadId) history.pushState(null, "", hashOf(threadId));
  }

  /** @param takesDraft what is being written goes along, unless something is being written there */
  function openNew(takesDraft: boolean): void {
    const { newThreadId } = drafts;
    const isElsewhere = newThreadId !== undefined && newThreadId !== openThread.value.threadId;
    const threadId = isElsewhere ? newThreadId : crypto.randomUUID();
    drafts.newThreadId = threadId;
    let text = drafts.read(threadId);
    if (takesDraft && text === "") {
      text = draft.value;
      // It stays in none of two.
      draft.value = "";
    }
    show(create(threadId), text);
    warm(threadId);
    if (location.hash !== "") history.pushState(null, "", location.pathname);
  }

  /** The agent's session starts while the person still types. */
  function warm(threadId: string): void {
    void chat.warm(threadId).then((warmth) => {
      agent.value = warmth ?? agent.value;
    });
  }

  function onHash(): void {
    const threadId = threadOf(location.hash);
    if (threadId !== undefined) open(threadId);
    else if (openThread.value.threadId !== drafts.newThreadId) openNew(false);
  }

  function onTabEvent(event: TabEvent): void {
    if (event.kind === "signed-out") {
      onSignedOut();
      return;
    }
    if (event.kind === "deleted") {
      threads.forget(event.threadId);
      discard(event.threadId);
      return;
    }
    // What is in use elsewhere is not deleted from here.
    const isUsed = event.kind === "run-started" && isRemoved(event.threadId);
    if (isUsed) threads.undo();
    void threads.load();
    if (event.kind !== "list-changed") void opened.get(event.threadId)?.load();
  }

  const isRemoved = (threadId: string) => threads.removal.value?.thread.threadId === threadId;

  function onNetwork(): void {
    attachments.retryUnreachable();
    if (openThread.value.problem.value) void openThread.value.load();
    if (threads.problem.value) void threads.load();
    // What was given up for want of a network goes on by itself.
    const last = openThread.value.messages.value.at(-1);
    if (last?.role !== "assistant") return;
    const isCut = last.state.value === "interrupted" && last.retryMode.value === "resume";
    const isUnsent = last.problem.value === UNREACHABLE && last.retryMode.value === "resend";
    if (isCut || isUnsent) void openThread.value.retry(last);
  }

  function onSeen(): void {
    void threads.load();
    if (openThread.value.messages.value.length > 0) void openThread.value.load();
  }

  function onHide(): void {
    const threadId = threads.removal.value?.thread.threadId;
    threads.settle(true);
    if (threadId !== undefined) outbox.forget(threadId);
  }

  addEventListener("popstate", onHash);
  addEventListener("pagehide", onHide);
  const endings = [
    effect(() => drafts.write(openThread.value.threadId, draft.value)),
    effect(() => {
      if (!notice.value) return undefined;
      const timer = setTimeout(() => {
        notice.value = undefined;
      }, NOTICE_MS);
      return () => clearTimeout(timer);
    }),
    () => removeEventListener("popstate", onHash),
    watchPageLifecycle(onNetwork, onSeen),
    () => removeEventListener("pagehide", onHide),
  ];

  // The first requests also start the session that the next message needs.
  void threads.load();
  warm(openThread.value.threadId);
  if (first !== undefined) void openThread.value.load();
  // What waits in other conversations leaves too.
  for (const threadId of outbox.threads()) if (!opened.has(threadId)) void create(threadId).load();

  return {
    openThread,
    draft,
    attachments,
    agent,
    threads,
    notice,

    async send(text) {
      const asked = openThread.value;
      // What cannot be taken now stays where it is being written.
      if (asked.running.value) return;
      const { threadId } = asked;
      const files = attachments.take(threadId);
      if (!files) return;
      draft.value = "";
      // A conversation has an address from its first message on.
      if (threadOf(location.hash) !== threadId) history.replaceState(null, "", hashOf(threadId));
      if (drafts.newThreadId === threadId) drafts.newThreadId = undefined;
      await asked.send(text, files);
      const answer = asked.messages.value.at(-1);
      if (answer?.role !== "assistant" || answer.problem.value?.remedy !== "edit") return;
      // It is to be changed, so it comes back to where it was written.
      if (!isClosed) attachments.put(threadId, files);
      if (asked === openThread.value) {
        if (draft.value !== "") return;
        draft.value = text;
      } else {
        if (isClosed || drafts.read(threadId) !== "") return;
        drafts.write(threadId, text);
      }
      outbox.drop(answer.runId);
    },

    newChat() {
      const { messages, problem } = openThread.value;
      const isNew = messages.value.length === 0 && threadOf(location.hash) === undefined;
      if (!isNew || problem.value) openNew(true);
    },

    open,

    remove(threadId) {
      closedByRemoval = threadId === openThread.value.threadId ? threadId : undefined;
      threads.remove(threadId);
      if (closedByRemoval !== undefined) openNew(false);
    },

    undelete() {
      threads.undo();
      if (closedByRemoval !== undefined) open(closedByRemoval);
      closedByRemoval = undefined;
    },

    async save(thread, format) {
      try {
        await saveThread(chat, thread, format);
      } catch {
        notice.value = "problem.unreachable";
      }
    },

    close() {
      if (isClosed) return;
      isClosed = true;
      threads.settle(true);
      for (const each of opened.values()) each.leave();
      for (const end of endings) end();
      tabs.tell({ kind: "signed-out" });
      tabs.close();
    },
  };
}
