import { useLayoutEffect, useRef } from "preact/hooks";
import type { Summary } from "../api/stored";
import { hashOf } from "../browser/address";
import { isComposing } from "../browser/keys";
import { t } from "../i18n";
import { MoreIcon } from "./icons";

/** docs/wire.md. */
const TITLE_CHARACTERS = 200;

interface Props {
  readonly thread: Summary;
  /** A line in which what is searched was said. */
  readonly excerpt: string | undefined;
  readonly isCurrent: boolean;
  readonly isMenuOpen: boolean;
  readonly isRenamed: boolean;
  readonly onOpen: () => void;
  readonly onMenu: (anchor: HTMLElement) => void;
  /** @param title undefined: it stays as it is */
  readonly onName: (title: string | undefined) => void;
}

/** One conversation in the list: a link to it, and the button of its menu. */
export function ThreadRow(props: Props) {
  const { thread, excerpt, isCurrent, isMenuOpen, isRenamed, onOpen, onMenu, onName } = props;
  const link = useRef<HTMLAnchorElement>(null);
  const wasRenamed = useRef(false);

  useLayoutEffect(() => {
    // The field that had the focus is gone.
    if (wasRenamed.current && !isRenamed) link.current?.focus();
    wasRenamed.current = isRenamed;
  }, [isRenamed]);

  return (
    <li data-thread={thread.threadId}>
      {isRenamed ? (
        <NameField title={thread.title} onName={onName} />
      ) : (
        <>
          <a
            ref={link}
            href={hashOf(thread.threadId)}
            aria-current={isCurrent ? "page" : undefined}
            title={thread.title}
            dir="auto"
            onClick={(event) => {
              // With a key held, the browser opens another tab or window.
              if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
              event.preventDefault();
              onOpen();
            }}
          >
            {thread.title}
            {excerpt && <small dir="auto">{excerpt}</small>}
          </a>
          <button
            type="button"
            class="row-menu"
            aria-label={t("threads.menu", { title: thread.title })}
            aria-haspopup="menu"
            aria-expanded={isMenuOpen}
            onClick={(event) => onMenu(event.currentTarget)}
          >
            <MoreIcon />
          </button>
        </>
      )}
    </li>
  );
}

function NameField({ title, onName }: { title: string; onName: Props["onName"] }) {
  const field = useRef<HTMLInputElement>(null);
  /** Removing a field that has the focus blurs it: an ending must count once. */
  const isOver = useRef(false);

  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);

  function end(name: string | undefined): void {
    if (isOver.current) return;
    isOver.current = true;
    onName(name);
  }

  return (
    <input
      ref={field}
      class="name-field"
      dir="auto"
      aria-label={t("threads.name")}
      maxLength={TITLE_CHARACTERS}
      defaultValue={title}
      onBlur={(event) => end(event.currentTarget.value.trim() || undefined)}
      onKeyDown={(event) => {
        if (isComposing(event)) return;
        if (event.key !== "Enter" && event.key !== "Escape") return;
        // Elsewhere Escape stops an answer or closes the drawer.
        event.stopPropagation();
        event.preventDefault();
        end(event.key === "Enter" ? event.currentTarget.value.trim() || undefined : undefined);
      }}
    />
  );
}
