import { t } from "../i18n";
import type { Workspace } from "../threads/workspace";
import { announce } from "./announce";
import { CloseIcon } from "./icons";

/** So much of a title tells which one it was; a longer one would hide what became of it. */
const TITLE_CHARACTERS = 28;

/** A sentence that goes by itself; a deletion's has its Undo. It takes room of its own and covers nothing. */
export function Toast({ workspace }: { workspace: Workspace }) {
  const removal = workspace.threads.removal.value;
  if (removal) {
    const { title } = removal.thread;
    return (
      <div class="toast">
        <p dir="auto">{t("threads.deleted", { title: shortened(title) })}</p>
        <button
          type="button"
          class="secondary"
          onClick={() => {
            workspace.undelete();
            announce(t("threads.restored", { title }));
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

function shortened(title: string): string {
  const characters = [...title];
  if (characters.length <= TITLE_CHARACTERS) return title;
  return `${characters.slice(0, TITLE_CHARACTERS).join("").trimEnd()}…`;
}
