import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type MessageKey, t } from "../i18n";

/** What keys do. `keys` are pressed together; several in one entry are other ways to the same end. */
export interface Shortcut {
  readonly keys: readonly string[];
  readonly label: MessageKey;
}

const open = signal(false);

export function openHelp(): void {
  open.value = true;
}

/** The sheet of the page's keys: a modal dialog, closed by Escape, its button, or a click beside it. */
export function Help({ shortcuts }: { shortcuts: readonly Shortcut[] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = open.value;

  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);

  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-label={t("help.title")}
      onClose={() => {
        open.value = false;
      }}
      onClick={(event) => {
        if (event.target === dialog.current) open.value = false;
      }}
      // Escape closes this; elsewhere it stops an answer.
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
    >
      <div class="sheet-body">
        <h2>{t("help.title")}</h2>
        <dl>
          {shortcuts.map(({ keys, label }) => (
            <div key={label}>
              <dt>{t(label)}</dt>
              <dd dir="ltr">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
        <button
          type="button"
          class="secondary"
          onClick={() => {
            open.value = false;
          }}
        >
          {t("help.close")}
        </button>
      </div>
    </dialog>
  );
}
