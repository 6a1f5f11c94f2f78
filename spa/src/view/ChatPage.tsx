import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Session } from "../auth/session";
import { brand } from "../brand";
import { type Command, commandOf, KEYS, keysAreShown } from "../browser/keys";
import { closeDrawer, sidebarIsOpen, sidebarIsWide, toggleSidebar } from "../browser/sidebar";
import { fitToKeyboard } from "../browser/viewport";
import { type MessageKey, t } from "../i18n";
import type { OpenThread } from "../threads/open-thread";
import type { Workspace } from "../threads/workspace";
import type { Actions } from "./actions";
import { announce } from "./announce";
import { Composer } from "./Composer";
import { EmptyState, isOffline } from "./EmptyState";
import { ErrorNotice } from "./ErrorNotice";
import { createFollower } from "./follow";
import { Header } from "./Header";
import { DownIcon } from "./icons";
import { lazy } from "./lazy";
import { Messages } from "./Messages";
import { Sidebar } from "./Sidebar";
import { Status } from "./Status";
import { Toast } from "./Toast";
import { useOnline } from "./useOnline";

const Help = lazy(async () => (await import("./Help")).Help);

/** With a finger, focus would open the keyboard over the answer that was just asked for. */
const HAS_KEYBOARD = matchMedia("(pointer: fine)").matches;
/** A line or two of the page before stays in view. */
const PAGE = 0.85;
/** SLUICE_MAX_PROMPT's default, until the agent says otherwise. */
const LIMIT = 32_000;

export function ChatPage({
  session,
  workspace,
  onSignOut,
}: {
  session: Session;
  workspace: Workspace;
  onSignOut: () => void;
}) {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const follower = useMemo(createFollower, []);
  const openThread = workspace.openThread.value;
  const messages = openThread.messages.value;
  const running = openThread.running.value;
  const stopping = openThread.stopping.value;
  const limit = workspace.agent.value?.limits?.prompt ?? LIMIT;
  const title = workspace.threads.all.value?.find(
    ({ threadId }) => threadId === openThread.threadId,
  )?.title;
  const isOnline = useOnline();
  const { attachments } = workspace;
  const attached = attachments.of(openThread.threadId).value;
  const [isDraggedOver, setDraggedOver] = useState(false);

  const focusInput = () => HAS_KEYBOARD && input.current?.focus();

  function send(text: string): void {
    if (running || (text.trim() === "" && attached.length === 0)) return;
    follower.toEnd();
    void workspace.send(text.trimEnd());
    focusInput();
  }

  function newChat(): void {
    closeDrawer();
    workspace.newChat();
    focusInput();
  }

  function toggle(): void {
    toggleSidebar();
    if (!sidebarIsOpen.value) focusInput();
  }

  const actions: Actions = {
    retry(answer) {
      follower.toEnd();
      void openThread.retry(answer);
      focusInput();
    },
    edit(question, text) {
      follower.toEnd();
      void openThread.edit(question, text);
      focusInput();
    },
    reply(answer, replies, always) {
      follower.toEnd();
      void openThread.reply(answer, replies, always);
      focusInput();
    },
    rate: (answer, rating) => void openThread.rate(answer, rating),
    file: openThread.file,
    signIn: () => void session.signIn(),
  };

  function refuse(why: MessageKey): void {
    workspace.notice.value = why;
    announce(t(why));
  }

  const takesFiles = workspace.agent.value?.capabilities?.multimodal?.input?.image !== false;

  function attach(files: readonly File[]): void {
    if (!takesFiles) refuse("composer.noFiles");
    else if (!attachments.add(openThread.threadId, files)) refuse("composer.tooManyFiles");
    focusInput();
  }

  function stop(): void {
    openThread.stop();
    focusInput();
  }

  /** True when there was something to do. */
  function carryOut(command: Command, target: EventTarget | null): boolean {
    switch (command) {
      case "search":
        toggleSidebar(true);
        // Once it is drawn.
        requestAnimationFrame(() => document.querySelector<HTMLElement>(".search input")?.focus());
        return true;
      case "new-chat":
        newChat();
        return true;
      case "sidebar":
        toggle();
        return true;
      case "help":
        keysAreShown.value = true;
        return true;
      case "stop":
        if (running) stop();
        return running;
      case "edit-last": {
        if (target !== input.current || workspace.draft.value !== "") return false;
        const edits = content.current?.querySelectorAll<HTMLElement>("[data-edit]");
        const last = edits?.[edits.length - 1];
        last?.click();
        return last !== undefined;
      }
    }
  }

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const command = commandOf(event);
      // The sheet of keys is over everything, and keeps its keys.
      if (!command || document.querySelector("dialog.sheet[open]")) return;
      if (carryOut(command, event.target)) event.preventDefault();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });

  useLayoutEffect(() => {
    if (scroller.current && content.current)
      return follower.watch(scroller.current, content.current);
    return undefined;
  }, [follower]);

  useEffect(() => fitToKeyboard(), []);

  // Elsewhere the browser would open the file in place of this page.
  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setDraggedOver(event.type === "dragover");
      if (event.type === "drop") attach([...event.dataTransfer.files]);
    };
    // It has left the window, or was given up.
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setDraggedOver(false);
    addEventListener("dragover", onDrag);
    addEventListener("drop", onDrag);
    addEventListener("dragleave", onLeave);
    return () => {
      removeEventListener("dragover", onDrag);
      removeEventListener("drop", onDrag);
      removeEventListener("dragleave", onLeave);
    };
  });

  // Each conversation opens at its end.
  useLayoutEffect(() => follower.toEnd(), [openThread, follower]);

  useEffect(() => {
    closeDrawer();
    focusInput();
  }, [openThread]);

  useEffect(() => {
    document.title = title ? `${title} · ${brand.name}` : brand.name;
  }, [title]);

  return (
    <div class={sidebarIsOpen.value && sidebarIsWide.value ? "page with-sidebar" : "page"}>
      <button type="button" class="skip secondary" onClick={() => input.current?.focus()}>
        {t("page.skip")}
      </button>
      <Sidebar
        workspace={workspace}
        email={session.email.value}
        onNewChat={newChat}
        onToggle={toggle}
        onSignIn={actions.signIn}
        onSignOut={onSignOut}
      />
      <div class="chat">
        <Header
          title={messages.length > 0 ? title : undefined}
          note={isOffline(workspace.agent.value) ? t("header.offlineModel") : undefined}
          onToggle={toggle}
          onNewChat={newChat}
        />
        <main class="scroller" ref={scroller} tabIndex={-1}>
          <div
            class={stopping === "no" ? "column" : "column stopping"}
            ref={content}
            role="log"
            aria-live="off"
            aria-label={t("page.conversation")}
          >
            <ThreadView
              key={openThread.threadId}
              openThread={openThread}
              workspace={workspace}
              limit={limit}
              actions={actions}
              onChoose={send}
            />
          </div>
        </main>
        {isDraggedOver && takesFiles && (
          <p class="drop" aria-hidden="true">
            {t("composer.drop")}
          </p>
        )}
        <footer class="footer">
          {/* Where there is a list of conversations, what is said of them stands in it. */}
          {!sidebarIsOpen.value && <Toast workspace={workspace} />}
          {!follower.following.value && (
            <button
              type="button"
              class="to-end"
              aria-label={t("page.toEnd")}
              title={t("page.toEnd")}
              onClick={follower.toEnd}
            >
              <DownIcon />
            </button>
          )}
          <Composer
            draft={workspace.draft}
            running={running}
            stopping={stopping}
            limit={limit}
            input={input}
            attachments={attached}
            onAttach={takesFiles ? attach : undefined}
            onDetach={(each) => {
              attachments.remove(openThread.threadId, each);
              focusInput();
            }}
            onUploadAgain={(each) => attachments.retry(openThread.threadId, each)}
            onSend={() => send(workspace.draft.value)}
            onStop={stop}
            onRefuse={refuse}
            onPage={(direction) =>
              scroller.current?.scrollBy({ top: direction * scroller.current.clientHeight * PAGE })
            }
          />
          <p class="hint">{stopping === "failing" ? t("composer.stopFailing") : hint(isOnline)}</p>
        </footer>
      </div>
      <Status messages={messages} stopping={stopping} />
      {keysAreShown.value && <Help shortcuts={KEYS} />}
    </div>
  );
}

function hint(isOnline: boolean) {
  if (!isOnline) return t("page.offline");
  return (
    <>
      <span class="wide">{t("page.hintKeys")} </span>
      {t("page.hint")}
    </>
  );
}

function ThreadView({
  openThread,
  workspace,
  limit,
  actions,
  onChoose,
}: {
  openThread: OpenThread;
  workspace: Workspace;
  limit: number;
  actions: Actions;
  onChoose: (prompt: string) => void;
}) {
  const messages = openThread.messages.value;
  const problem = openThread.problem.value;
  // A history that comes at once needs no word about it.
  const isSlow = useLate(openThread.loading.value);
  if (messages.length === 0 && openThread.loading.value)
    return isSlow ? <p class="thinking loading">{t("page.loading")}</p> : null;
  return (
    <>
      {messages.length > 0 && (
        <Messages
          messages={messages}
          running={openThread.running.value}
          limit={limit}
          actions={actions}
        />
      )}
      {messages.length === 0 && !problem && (
        <EmptyState agent={workspace.agent.value} onChoose={onChoose} />
      )}
      {problem && (
        <ErrorNotice
          problem={problem}
          onRetry={() => void openThread.load()}
          onSignIn={actions.signIn}
          onNewChat={workspace.newChat}
        />
      )}
    </>
  );
}

const LATE_MS = 300;

/** True once something has been going on for a while. */
function useLate(isGoingOn: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!isGoingOn) return undefined;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, [isGoingOn]);
  return late;
}
