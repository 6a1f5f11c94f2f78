import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Session } from "../session";
import type { Workspace } from "../workspace";
import { Composer } from "./Composer";
import { EmptyState } from "./EmptyState";
import { createFollower } from "./follow";
import { Header } from "./Header";
import { DownIcon } from "./icons";
import { Messages } from "./Messages";
import { Status } from "./Status";

/** With a finger, focus would open the keyboard over the answer that was just asked for. */
const HAS_KEYBOARD = matchMedia("(pointer: fine)").matches;

export function ChatPage({ session, workspace }: { session: Session; workspace: Workspace }) {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const follower = useMemo(createFollower, []);
  const conversation = workspace.conversation.value;
  const messages = conversation.messages.value;
  const running = conversation.running.value;

  const focusInput = () => HAS_KEYBOARD && input.current?.focus();

  function send(text: string): void {
    if (running || text.trim() === "") return;
    follower.toEnd();
    void workspace.send(text.trimEnd());
    focusInput();
  }

  function stop(): void {
    conversation.stop();
    focusInput();
  }

  function newChat(): void {
    workspace.newChat();
    follower.toEnd();
    focusInput();
  }

  function signOut(): void {
    workspace.close();
    void session.signOut();
  }

  const actions = {
    retry() {
      follower.toEnd();
      void conversation.retry();
      focusInput();
    },
    signIn: () => void session.signIn(),
  };

  useLayoutEffect(() => {
    if (scroller.current && content.current)
      return follower.watch(scroller.current, content.current);
    return undefined;
  }, [follower]);

  useEffect(() => void focusInput(), []);

  useEffect(() => {
    const onEscape = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.isComposing) conversation.stop();
    };
    addEventListener("keydown", onEscape);
    return () => removeEventListener("keydown", onEscape);
  }, [conversation]);

  return (
    <div class="page">
      <Header
        email={session.email.value}
        note={workspace.agent.value?.model === "offline" ? "Offline model" : undefined}
        onNewChat={newChat}
        onSignOut={signOut}
      />
      <main class="scroller" ref={scroller} tabIndex={-1}>
        <div class="column" ref={content} role="log" aria-live="off" aria-label="Conversation">
          {messages.length > 0 ? (
            <Messages messages={messages} actions={actions} />
          ) : (
            <EmptyState onChoose={send} />
          )}
        </div>
      </main>
      <footer class="footer">
        {!follower.following.value && (
          <button
            type="button"
            class="to-end"
            aria-label="To the end"
            title="To the end"
            onClick={follower.toEnd}
          >
            <DownIcon />
          </button>
        )}
        <Composer
          draft={workspace.draft}
          running={running}
          input={input}
          onSend={() => send(workspace.draft.value)}
          onStop={stop}
        />
        <p class="hint">
          <span class="wide">Enter to send, Shift+Enter for a new line. </span>Answers can be wrong:
          check what matters.
        </p>
      </footer>
      <Status messages={messages} />
    </div>
  );
}
