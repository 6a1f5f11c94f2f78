import { t } from "../i18n";
import type { Workspace } from "../workspace";
import { CloseIcon } from "./icons";
import { say } from "./say";

/** A sentence that goes by itself, over the composer; a deletion's has its Undo. */
export function Toast({ workspace }: { workspace: Workspace }) {
  const removal = workspace.threads.removal.value;
  if (removal) {
    const { title } = removal.thread;
    return (
      <div class="toast">
        <p dir="auto">{t("threads.deleted", { title })}</p>
        <button
          type="button"
          class="secondary"
          onClick={() => {
            workspace.undelete();
            say(t("threads.restored", { title }));
          }}
        >
          {t("threads.undo")}
        </button>
      </div>
    );
  }
  const notice = workspace.notice.value;
  if (!notice) return null;
  return (
    <div class="toast">
      <p>{t(notice)}</p>
      <button
        type="button"
        class="quiet"
        aria-label={t("help.close")}
        onClick={() => {
          workspace.notice.value = undefined;
        }}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
