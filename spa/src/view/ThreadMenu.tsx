import "../styles/menu.css";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Summary } from "../api/stored";
import { t } from "../i18n";
import { DownloadIcon, EditIcon, LinkIcon, TrashIcon } from "./icons";

/** Whose menu is open, and the button it hangs from. */
export interface Anchored {
  readonly thread: Summary;
  readonly anchor: HTMLElement;
}

interface Props {
  readonly anchored: Anchored;
  readonly onClose: () => void;
  readonly onRename: () => void;
  readonly onExport: (format: "md" | "json") => void;
  readonly onCopyLink: () => void;
  readonly onDelete: () => void;
}

const GAP_PX = 4;

/** What can be done with a conversation: a menu in the top layer, worked by arrows, Home, End and Escape. */
export function ThreadMenu({ anchored, onClose, ...does }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  const { anchor, thread } = anchored;
  const items = () => [...(menu.current?.querySelectorAll("button") ?? [])];

  useLayoutEffect(() => {
    const element = menu.current;
    if (!element) return;
    element.showPopover();
    place(element, anchor);
    items()[0]?.focus();
  }, [anchor]);

  /** Closes first, so that what is done may move the focus. */
  function choose(act: () => void): void {
    menu.current?.hidePopover();
    anchor.focus();
    onClose();
    act();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[to]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      // Elsewhere Escape stops an answer or closes the drawer.
      event.preventDefault();
      event.stopPropagation();
      choose(() => undefined);
    }
  }

  const item = (icon: ComponentChildren, words: string, act: () => void, kind = "") => (
    <button type="button" role="menuitem" tabIndex={-1} class={kind} onClick={() => choose(act)}>
      {icon}
      {words}
    </button>
  );

  return (
    <div
      ref={menu}
      class="menu"
      role="menu"
      popover="auto"
      aria-label={t("threads.menu", { title: thread.title })}
      onToggle={(event) => event.newState === "closed" && onClose()}
      onKeyDown={onKeyDown}
    >
      {item(<EditIcon />, t("threads.rename"), does.onRename)}
      {item(<DownloadIcon />, t("threads.exportMarkdown"), () => does.onExport("md"))}
      {item(<DownloadIcon />, t("threads.exportJson"), () => does.onExport("json"))}
      {item(<LinkIcon />, t("threads.copyLink"), does.onCopyLink)}
      {item(<TrashIcon />, t("threads.delete"), does.onDelete, "danger")}
    </div>
  );
}

/** Under its button, or over it where there is no room; always inside the page. */
function place(menu: HTMLElement, anchor: HTMLElement): void {
  const from = anchor.getBoundingClientRect();
  const { offsetHeight: height, offsetWidth: width } = menu;
  const below = from.bottom + GAP_PX;
  const top = below + height > innerHeight - GAP_PX ? from.top - GAP_PX - height : below;
  const isRightToLeft = getComputedStyle(anchor).direction === "rtl";
  const left = isRightToLeft ? from.right - width : from.left;
  menu.style.top = `${Math.max(GAP_PX, top)}px`;
  menu.style.left = `${Math.max(GAP_PX, Math.min(left, innerWidth - width - GAP_PX))}px`;
}
