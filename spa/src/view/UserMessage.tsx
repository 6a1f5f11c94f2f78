import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isComposing } from "../browser/keys";
import { t } from "../i18n";
import type { Question } from "../threads/open-thread";
import type { Actions } from "./actions";
import { CopyButton } from "./CopyButton";
import { Count, measure } from "./Count";
import { EditIcon } from "./icons";
import { lazy } from "./lazy";
import { useGrowth } from "./useGrowth";
import { useWhenVisible } from "./useWhenVisible";

const MessageFiles = lazy(async () => (await import("./files")).MessageFiles);

/** A longer message, a pasted file say, is folded: the answer to it is what is read. */
const FOLDED_CHARACTERS = 1500;
const FOLDED_LINES = 16;

/**
 * @param limit the most characters a message may have
 * @param onEdit undefined while nothing can be asked
 */
export function UserMessage({
  question,
  drawn,
  limit,
  load,
  onEdit,
}: {
  question: Question;
  drawn: boolean;
  limit: number;
  load: Actions["file"];
  onEdit: ((text: string) => void) | undefined;
}) {
  const article = useRef<HTMLElement>(null);
  const near = useWhenVisible(article, drawn);
  const [editing, setEditing] = useState(false);
  const [unfolded, setUnfolded] = useState(false);
  const long =
    question.text.length > FOLDED_CHARACTERS || question.text.split("\n").length > FOLDED_LINES;
  return (
    <article class="message" data-role="user" ref={article}>
      <h2 class="visually-hidden">{t("message.you")}</h2>
      {editing && onEdit ? (
        <Editor
          text={question.text}
          limit={limit}
          onCancel={() => setEditing(false)}
          onSend={(text) => {
            setEditing(false);
            onEdit(text);
          }}
        />
      ) : (
        <>
          {question.files.length > 0 && <MessageFiles files={question.files} load={load} />}
          {question.text && (
            <p class={long && !unfolded ? "bubble folded" : "bubble"} dir="auto">
              {question.text}
            </p>
          )}
          {near && (
            <div class="actions">
              {long && (
                <button
                  type="button"
                  class="action words"
                  aria-expanded={unfolded}
                  onClick={() => setUnfolded(!unfolded)}
                >
                  {t(unfolded ? "message.showLess" : "message.showAll")}
                </button>
              )}
              {question.text && <CopyButton label="message.copy" text={() => question.text} />}
              {onEdit && (
                <button
                  type="button"
                  class="action"
                  data-edit
                  aria-label={t("message.edit")}
                  title={t("message.edit")}
                  onClick={() => setEditing(true)}
                >
                  <EditIcon />
                </button>
              )}
            </div>
          )}
        </>
      )}
    </article>
  );
}

/** The message as it can be written anew, in its own place. */
function Editor({
  text,
  limit,
  onCancel,
  onSend,
}: {
  text: string;
  limit: number;
  onCancel: () => void;
  onSend: (text: string) => void;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState(text);
  const id = useId();
  const measured = measure(draft, limit);
  const ready = draft.trim() !== "" && !measured.isTooLong;
  useGrowth(area, draft);

  useLayoutEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(text.length, text.length);
  }, [text]);

  function onKeyDown(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === "Escape") {
      // Elsewhere Escape stops an answer.
      event.stopPropagation();
      onCancel();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (ready) onSend(draft.trimEnd());
    }
  }

  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onSend(draft.trimEnd());
      }}
    >
      <textarea
        ref={area}
        rows={1}
        dir="auto"
        aria-label={t("message.editLabel")}
        aria-invalid={measured.isTooLong}
        aria-describedby={measured.length > 0 ? id : undefined}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <Count id={id} of={measured} />
      <p>{t("message.editNote")}</p>
      <div class="buttons">
        <button type="button" class="secondary" onClick={onCancel}>
          {t("message.editCancel")}
        </button>
        <button type="submit" class="secondary strong" disabled={!ready}>
          {t("message.editSend")}
        </button>
      </div>
    </form>
  );
}
