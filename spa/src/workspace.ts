import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type Conversation, createConversation } from "./conversation";
import { loadTranscript, saveTranscript } from "./transcript";
import type { Chat, Warmth } from "./wire/chat";

const STORED_THREAD = "sluice.thread";
const STORED_DRAFT = "sluice.draft";

/** What one tab works on: a conversation, the text being typed, and what the agent said of itself. */
export interface Workspace {
  readonly conversation: ReadonlySignal<Conversation>;
  readonly draft: Signal<string>;
  readonly agent: ReadonlySignal<Warmth | undefined>;
  /** Sends a text and empties the draft; a text that has to be changed first comes back as the draft. */
  send(text: string): Promise<void>;
  /** Leaves the conversation for a new, empty one. */
  newChat(): void;
  /** Stores nothing from now on, because the person signs out. */
  close(): void;
}

/**
 * The thread's id is also the runtime's session id; it, the messages and the draft live in
 * sessionStorage, so that a reload or signing in again comes back to them.
 */
export function createWorkspace(chat: Chat): Workspace {
  const agent = signal<Warmth | undefined>(undefined);
  const draft = signal(sessionStorage.getItem(STORED_DRAFT) ?? "");
  const conversation = signal(open(sessionStorage.getItem(STORED_THREAD) ?? crypto.randomUUID()));

  function open(threadId: string): Conversation {
    sessionStorage.setItem(STORED_THREAD, threadId);
    // The agent's session starts while the person still types.
    void chat.warm(threadId).then((warmth) => {
      agent.value = warmth ?? agent.value;
    });
    return createConversation(threadId, chat, loadTranscript());
  }

  function save(): void {
    saveTranscript(conversation.value.messages.value);
  }

  const endings = [
    effect(() => {
      // Read here so that a turn's start and its end each save once; deltas do not.
      void conversation.value.running.value;
      save();
    }),
    effect(() => sessionStorage.setItem(STORED_DRAFT, draft.value)),
    () => removeEventListener("pagehide", save),
  ];
  addEventListener("pagehide", save);

  return {
    conversation,
    draft,
    agent,
    async send(text) {
      const asked = conversation.value;
      draft.value = "";
      await asked.send(text);
      const answer = asked.messages.value.at(-1);
      const mustChange = answer?.role === "assistant" && answer.problem.value?.remedy === "edit";
      if (mustChange && draft.value === "" && asked === conversation.value) draft.value = text;
    },
    newChat() {
      conversation.value.stop();
      saveTranscript([]);
      conversation.value = open(crypto.randomUUID());
    },
    close() {
      for (const end of endings) end();
    },
  };
}
