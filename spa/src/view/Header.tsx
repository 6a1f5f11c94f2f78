import { brand } from "../brand";
import { sidebarIsOpen, sidebarIsWide } from "../browser/sidebar";
import { t } from "../i18n";
import { Mark, NewChatIcon, SidebarIcon } from "./icons";
import { Settings } from "./Settings";

interface Props {
  /** The conversation's title; undefined for one that has not begun. */
  readonly title: string | undefined;
  /** What a person should know of the agent from the start. */
  readonly note: string | undefined;
  readonly onToggle: () => void;
  readonly onNewChat: () => void;
}

export function Header({ title, note, onToggle, onNewChat }: Props) {
  const isBeside = sidebarIsOpen.value && sidebarIsWide.value;
  return (
    <header class="header">
      {!isBeside && (
        <button
          type="button"
          class="quiet"
          title={t("threads.show")}
          aria-label={t("threads.show")}
          aria-expanded={sidebarIsOpen.value}
          onClick={onToggle}
        >
          <SidebarIcon />
        </button>
      )}
      {!isBeside && (
        <span class="brand" aria-hidden="true">
          <Mark />
        </span>
      )}
      <div class="heading">
        {/* Beside it, the list of conversations has the name already. */}
        <h1 class={isBeside && !title ? "visually-hidden" : "title"} dir="auto" title={title}>
          {title ?? brand.name}
        </h1>
        {note && <span class="note">{note}</span>}
      </div>
      {!isBeside && (
        <button type="button" class="quiet" title={t("header.newChat")} onClick={onNewChat}>
          <NewChatIcon />
          <span class="wide">{t("header.newChat")}</span>
        </button>
      )}
      <Settings />
    </header>
  );
}
