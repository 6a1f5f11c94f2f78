import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { hashOf, threadOf } from "./address";
import { type Conversation, createConversation } from "./conversation";
import { createDrafts } from "./drafts";
import type { MessageKey } from "./i18n";
import { createOutbox } from "./outbox";
import { createTabs, type News } from "./tabs";
import { createThreads, type Threads } from "./threads";
import type { Chat } from "./wire/chat";
import type { Summary, Warmth } from "./wire/stored";

/** A new conversation has no address; this one names it across a reload. */
const STORED_NEW = "sluice.new";
/** So many conversations stay as they are when another is opened, so that going back to them is instant. */
const KEPT = 8;
const NOTICE_MS = 6_000;

/** What one tab works on: a conversation, the text being typed, the list, and what the agent said of itself. */
export interface Workspace {
  readonly conversation: ReadonlySignal<Conversation>;
  /** The open conversation's. */
  readonly draft: Signal<string>;
  readonly agent: ReadonlySignal<Warmth | undefined>;
  readonly threads: Threads;
  /** A sentence to show for a while: what came of something that leaves no trace on the page. */
  readonly notice: Signal<MessageKey | undefined>;
  /** Sends a text and empties the draft; a text that has to be changed first comes back as the draft. */
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
  const agent = signal<Warmth | undefined>(undefined);
  const drafts = createDrafts();
  const outbox = createOutbox();
  const opened = new Map<string, Conversation>();
  const tabs = createTabs(owner, onNews);
  let isClosed = false;

  const first = threadOf(location.hash);
  const conversation = signal(
    first === undefined
      ? create(sessionStorage.getItem(STORED_NEW) ?? crypto.randomUUID())
      : create(first),
  );
  const draft = signal(drafts.read(conversation.value.threadId));
  const threads = createThreads(
    chat,
    () => conversation.value.threadId,
    (deleted) =>
      tabs.tell(
        deleted === undefined ? { kind: "list-changed" } : { kind: "deleted", threadId: deleted },
      ),
  );
  const notice = signal<MessageKey | undefined>(undefined);
  /** The conversation that was open when it was deleted. */
  let closedByRemoval: string | undefined;

  function create(threadId: string): Conversation {
    const created = createConversation(threadId, chat, outbox, {
      started(text) {
        threads.touch(threadId, text);
        tabs.tell({ kind: "run-started", threadId });
      },
      ended(answer, outcome) {
        tabs.tell({ kind: "run-ended", threadId });
        // The server names it after its first message.
        if (created.messages.value.length <= 2) void threads.load();
        // Another tab's run is under way: it is shown, and the message stays below it.
        if (outcome.kind === "failed" && answer.again.value === "same") void created.load();
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
      if (!each.running.value && each !== conversation.value) opened.delete(threadId);
    }
  }

  function show(next: Conversation, text: string): void {
    opened.delete(next.threadId);
    opened.set(next.threadId, next);
    batch(() => {
      // The draft is stored under the conversation it was written in.
      conversation.value = next;
      draft.value = text;
    });
    forgetOldest();
  }

  function open(threadId: string): void {
    if (threadId === conversation.value.threadId) return;
    show(opened.get(threadId) ?? create(threadId), drafts.read(threadId));
    void conversation.value.load();
    if (threadOf(location.hash) !== threadId) history.pushState(null, "", hashOf(threadId));
  }

  /** @param text what is being written goes along */
  function openNew(text: string): void {
    const threadId = crypto.randomUUID();
    sessionStorage.setItem(STORED_NEW, threadId);
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
    else if (conversation.value.messages.value.length > 0) openNew("");
  }

  function onNews(news: News): void {
    if (news.kind === "signed-out") {
      onSignedOut();
      return;
    }
    if (news.kind === "deleted") {
      threads.forget(news.threadId);
      opened.delete(news.threadId);
      if (conversation.value.threadId === news.threadId) openNew(draft.value);
      return;
    }
    void threads.load();
    if (news.kind !== "list-changed") void opened.get(news.threadId)?.load();
  }

  function onOnline(): void {
    if (conversation.value.problem.value) void conversation.value.load();
    if (threads.problem.value) void threads.load();
    // What was given up for want of a network goes on by itself.
    const last = conversation.value.messages.value.at(-1);
    const isCut = last?.role === "assistant" && last.state.value === "interrupted";
    if (isCut && last.again.value === "follow") void conversation.value.retry(last);
  }

  const onHide = () => threads.settle(true);
  addEventListener("popstate", onHash);
  addEventListener("online", onOnline);
  addEventListener("pagehide", onHide);
  const endings = [
    effect(() => drafts.write(conversation.value.threadId, draft.value)),
    effect(() => {
      if (!notice.value) return undefined;
      const timer = setTimeout(() => {
        notice.value = undefined;
      }, NOTICE_MS);
      return () => clearTimeout(timer);
    }),
    () => removeEventListener("popstate", onHash),
    () => removeEventListener("online", onOnline),
    () => removeEventListener("pagehide", onHide),
  ];

  // The first requests also start the session that the next message needs.
  void threads.load();
  warm(conversation.value.threadId);
  if (first === undefined) sessionStorage.setItem(STORED_NEW, conversation.value.threadId);
  else void conversation.value.load();

  return {
    conversation,
    draft,
    agent,
    threads,
    notice,

    async send(text) {
      const asked = conversation.value;
      draft.value = "";
      // A conversation has an address from its first message on.
      if (threadOf(location.hash) !== asked.threadId) {
        history.replaceState(null, "", hashOf(asked.threadId));
        sessionStorage.removeItem(STORED_NEW);
      }
      await asked.send(text);
      const answer = asked.messages.value.at(-1);
      const mustChange = answer?.role === "assistant" && answer.problem.value?.remedy === "edit";
      if (mustChange && draft.value === "" && asked === conversation.value) draft.value = text;
    },

    newChat() {
      const { messages, problem } = conversation.value;
      const isNew = messages.value.length === 0 && threadOf(location.hash) === undefined;
      if (!isNew || problem.value) openNew(moveDraft());
    },

    open,

    remove(threadId) {
      closedByRemoval = threadId === conversation.value.threadId ? threadId : undefined;
      threads.remove(threadId);
      if (closedByRemoval !== undefined) openNew("");
    },

    undelete() {
      threads.undo();
      if (closedByRemoval !== undefined) open(closedByRemoval);
      closedByRemoval = undefined;
    },

    async save({ threadId, title }, format) {
      try {
        const [files, whole] = await Promise.all([import("./export"), chat.get(threadId)]);
        const isJson = format === "json";
        const text = isJson ? files.asJson(whole) : files.asMarkdown(whole);
        const type = isJson ? "application/json" : "text/markdown";
        files.download(files.fileName(title, format), text, type);
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

  /** What is being written goes along to another conversation, and stays in none of two. */
  function moveDraft(): string {
    const text = draft.value;
    draft.value = "";
    return text;
  }
}
