import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Summary } from "../api/stored";
import { linkTo } from "../browser/address";
import { whenVisible } from "../browser/when-visible";
import { t } from "../i18n";
import type { Group } from "../threads/groups";
import type { Workspace } from "../threads/workspace";
import { announce } from "./announce";
import { lazy } from "./lazy";
import type { Anchored } from "./ThreadMenu";
import { ThreadRow } from "./ThreadRow";

const ThreadMenu = lazy(async () => (await import("./ThreadMenu")).ThreadMenu);

/** A screen's worth and more; the others come when the end of these is nearly in view. */
const ROWS_AT_ONCE = 60;
const MORE_ROWS = 120;

/** The conversations by time, as far as they match what is searched. */
export function ThreadList({
  workspace,
  onSignIn,
}: {
  workspace: Workspace;
  onSignIn: () => void;
}) {
  const { threads } = workspace;
  const [shown, setShown] = useState(ROWS_AT_ONCE);
  const [menu, setMenu] = useState<Anchored | undefined>(undefined);
  const [renamed, setRenamed] = useState<string | undefined>(undefined);
  const list = useRef<HTMLDivElement>(null);
  const groups = threads.groups.value;
  const count = groups.reduce((sum, group) => sum + group.threads.length, 0);
  const current = workspace.openThread.value.threadId;

  function remove(thread: Summary): void {
    const row = list.current?.querySelector(`[data-thread="${CSS.escape(thread.threadId)}"]`);
    const rows = [...(list.current?.querySelectorAll("li[data-thread]") ?? [])];
    const place = row ? rows.indexOf(row) : -1;
    const next = rows[place + 1] ?? rows[place - 1];
    workspace.remove(thread.threadId);
    announce(t("threads.deleted", { title: thread.title }));
    next?.querySelector("a")?.focus();
  }

  async function copyLink(thread: Summary): Promise<void> {
    const isCopied = await navigator.clipboard.writeText(linkTo(thread.threadId)).then(
      () => true,
      () => false,
    );
    workspace.notice.value = isCopied ? "threads.linkCopied" : "threads.notCopied";
  }

  return (
    <div class="threads" ref={list}>
      <Notice workspace={workspace} count={count} onSignIn={onSignIn} />
      {limited(groups, shown).map((group) => (
        <section key={group.name}>
          <h3>{group.name}</h3>
          <ul>
            {group.threads.map((thread) => (
              <ThreadRow
                key={thread.threadId}
                thread={thread}
                excerpt={threads.excerpts.value.get(thread.threadId)}
                isCurrent={thread.threadId === current}
                isMenuOpen={menu?.thread.threadId === thread.threadId}
                isRenamed={renamed === thread.threadId}
                onOpen={() => workspace.open(thread.threadId)}
                onMenu={(anchor) => setMenu({ thread, anchor })}
                onName={(title) => {
                  setRenamed(undefined);
                  if (title !== undefined) void threads.rename(thread.threadId, title);
                }}
              />
            ))}
          </ul>
        </section>
      ))}
      {count > shown && <More key={shown} onVisible={() => setShown(shown + MORE_ROWS)} />}
      {menu && (
        <ThreadMenu
          anchored={menu}
          onClose={() => setMenu(undefined)}
          onRename={() => setRenamed(menu.thread.threadId)}
          onExport={(format) => void workspace.save(menu.thread, format)}
          onCopyLink={() => void copyLink(menu.thread)}
          onDelete={() => remove(menu.thread)}
        />
      )}
    </div>
  );
}

/** Why there is nothing to see, or what did not work. */
function Notice({
  workspace,
  count,
  onSignIn,
}: {
  workspace: Workspace;
  count: number;
  onSignIn: () => void;
}) {
  const { threads } = workspace;
  const problem = threads.problem.value;
  if (problem) {
    return (
      <div class="threads-notice" role="alert">
        <p>
          {problem.title} {problem.advice}
        </p>
        {problem.remedy === "sign-in" ? (
          <button type="button" class="secondary" onClick={onSignIn}>
            {t("header.signIn")}
          </button>
        ) : (
          <button type="button" class="secondary" onClick={() => void threads.load()}>
            {t("threads.tryAgain")}
          </button>
        )}
      </div>
    );
  }
  if (count > 0) return null;
  const known = threads.all.value;
  if (!known) return <p class="threads-notice">{t("threads.loading")}</p>;
  return <p class="threads-notice">{t(known.length > 0 ? "threads.noMatch" : "threads.none")}</p>;
}

function More({ onVisible }: { onVisible: () => void }) {
  const end = useRef<HTMLDivElement>(null);
  useLayoutEffect(
    () => (end.current ? whenVisible(end.current, onVisible) : undefined),
    [onVisible],
  );
  return <div ref={end} class="more" />;
}

function limited(groups: readonly Group[], limit: number): readonly Group[] {
  let left = limit;
  return groups.flatMap((group) => {
    const threads = group.threads.slice(0, Math.max(0, left));
    left -= threads.length;
    return threads.length > 0 ? [{ name: group.name, threads }] : [];
  });
}
