import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { brand } from "../brand";
import { closeDrawer, sidebarIsOpen, sidebarIsWide } from "../browser/sidebar";
import { t } from "../i18n";
import type { Workspace } from "../threads/workspace";
import { CloseIcon, Mark, NewChatIcon, SearchIcon, SidebarIcon, SignOutIcon } from "./icons";
import { ThreadList } from "./ThreadList";
import { Toast } from "./Toast";

interface Props {
  readonly workspace: Workspace;
  readonly email: string | undefined;
  readonly onNewChat: () => void;
  readonly onToggle: () => void;
  readonly onSignIn: () => void;
  readonly onSignOut: () => void;
}

/** The conversations: beside the open one on a wide page, in a drawer over it on a narrow one. */
export function Sidebar(props: Props) {
  if (!sidebarIsOpen.value) return null;
  return sidebarIsWide.value ? (
    <nav class="sidebar" aria-label={t("threads.title")}>
      <Content {...props} />
    </nav>
  ) : (
    <Drawer>
      <Content {...props} />
    </Drawer>
  );
}

/** A modal dialog: the browser keeps the focus in it, and Escape or a click beside it closes it. */
function Drawer({ children }: { children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="sidebar drawer"
      aria-label={t("threads.title")}
      onClose={closeDrawer}
      onClick={(event) => event.target === dialog.current && closeDrawer()}
      // Escape closes this; elsewhere it stops an answer.
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
    >
      {children}
    </dialog>
  );
}

function Content({ workspace, email, onNewChat, onToggle, onSignIn, onSignOut }: Props) {
  const { query } = workspace.threads;
  const isWide = sidebarIsWide.value;
  return (
    <div class="sidebar-body">
      <div class="sidebar-top">
        <span class="brand">
          <Mark />
          {brand.name}
        </span>
        <button
          type="button"
          class="quiet"
          title={t("threads.hide")}
          aria-label={t("threads.hide")}
          aria-expanded="true"
          onClick={onToggle}
        >
          {isWide ? <SidebarIcon /> : <CloseIcon />}
        </button>
      </div>
      {/* On a narrow page it stands in the header. */}
      {isWide && (
        <button type="button" class="quiet new-chat" onClick={onNewChat}>
          <NewChatIcon />
          {t("header.newChat")}
        </button>
      )}
      <label class="search">
        <SearchIcon />
        <input
          type="search"
          // What is written has its own direction; the placeholder has the page's.
          dir={query.value ? "auto" : undefined}
          enterkeyhint="search"
          placeholder={t("threads.search")}
          aria-label={t("threads.search")}
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            // Where there is something to clear, Escape clears it and stops nothing.
            if (event.key !== "Escape" || query.value === "" || event.isComposing) return;
            event.stopPropagation();
            event.preventDefault();
            query.value = "";
          }}
        />
      </label>
      <ThreadList workspace={workspace} onSignIn={onSignIn} />
      <Toast workspace={workspace} />
      <div class="account">
        <span class="email" title={email}>
          {email}
        </span>
        <button type="button" class="quiet" title={t("header.signOut")} onClick={onSignOut}>
          <SignOutIcon />
          <span class="visually-hidden">{t("header.signOut")}</span>
        </button>
      </div>
    </div>
  );
}
