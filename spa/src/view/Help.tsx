import "../styles/help.css";
import { useEffect, useRef } from "preact/hooks";
import { keysAreShown } from "../browser/keys";
import { type MessageKey, t } from "../i18n";

/** What keys do. `keys` are pressed together; several in one entry are other ways to the same end. */
export interface Shortcut {
  readonly keys: readonly string[];
  readonly label: MessageKey;
}

function close(): void {
  keysAreShown.value = false;
}

/** The sheet of the page's keys: a modal dialog, closed by Escape, its button, or a click beside it. */
export function Help({ shortcuts }: { shortcuts: readonly Shortcut[] }) {
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => dialog.current?.showModal(), []);

  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-label={t("help.title")}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
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
        <button type="button" class="secondary" onClick={close}>
          {t("help.close")}
        </button>
      </div>
    </dialog>
  );
}
