import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import { isComposing } from "../browser/keys";
import { type MessageKey, t } from "../i18n";
import type { Attachment } from "../threads/attachments";
import type { Stopping } from "../threads/open-thread";
import { Count, measure } from "./Count";
import { AttachIcon, SendIcon, SpinnerIcon, StopIcon } from "./icons";
import { lazy } from "./lazy";
import { useGrowth } from "./useGrowth";

interface Props {
  readonly draft: Signal<string>;
  readonly running: boolean;
  readonly stopping: Stopping;
  /** The most characters a message may have. */
  readonly limit: number;
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly attachments: readonly Attachment[];
  /** Takes files to the message; undefined where the agent reads none. */
  readonly onAttach: ((files: readonly File[]) => void) | undefined;
  readonly onDetach: (attachment: Attachment) => void;
  readonly onUploadAgain: (attachment: Attachment) => void;
  readonly onSend: () => void;
  readonly onStop: () => void;
  /** What was done cannot be done here, and why. */
  readonly onRefuse: (why: MessageKey) => void;
  /** The conversation is to move by a page: 1 is towards its end. */
  readonly onPage: (direction: 1 | -1) => void;
}

const DraftFiles = lazy(async () => (await import("./files")).DraftFiles);

/** What a phone offers the camera for, and other machines their files. Bytes decide, at the agent. */
const ACCEPTED = "image/*,application/pdf,.doc,.docx,.xls,.xlsx,.csv,.md,.html,.json,text/*";

/** Where a message is written. While an answer runs it can be written but not sent: Send gives way to Stop. */
export function Composer(props: Props) {
  const { draft, running, stopping, limit, input, onSend, onStop, onRefuse, onPage } = props;
  const text = draft.value;
  const measured = measure(text, limit);
  const { isTooLong } = measured;
  const { attachments, onAttach } = props;
  const isUploading = attachments.some(({ state }) => state.value.kind !== "ready");
  const isEmpty = text.trim() === "" && attachments.length === 0;
  const picker = useRef<HTMLInputElement>(null);
  useGrowth(input, text);

  function onKeyDown(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    const { key, currentTarget } = event;
    if ((key === "PageUp" || key === "PageDown") && !hasModifier(event)) {
      // A long message has pages of its own.
      const { scrollHeight, clientHeight } = currentTarget as HTMLElement;
      if (scrollHeight > clientHeight) return;
      event.preventDefault();
      onPage(key === "PageUp" ? -1 : 1);
    }
    if (key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    if (running && !isEmpty) onRefuse("composer.wait");
    else if (isUploading) onRefuse("composer.uploading");
    else if (!running && !isTooLong) onSend();
  }

  function onPaste(event: ClipboardEvent): void {
    const data = event.clipboardData;
    // Beside a picture, programs that write put the text that it was made of.
    if (!data || data.files.length === 0 || data.types.includes("text/plain")) return;
    event.preventDefault();
    if (onAttach) onAttach([...data.files]);
    else onRefuse("composer.noFiles");
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!running && !isTooLong && !isUploading) onSend();
      }}
    >
      {attachments.length > 0 && (
        <DraftFiles
          attachments={attachments}
          onRemove={props.onDetach}
          onRetry={props.onUploadAgain}
        />
      )}
      {onAttach && (
        <>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            accept={ACCEPTED}
            onChange={({ currentTarget }) => {
              onAttach([...(currentTarget.files ?? [])]);
              // The same file may be chosen once more.
              currentTarget.value = "";
            }}
          />
          <button
            type="button"
            class="attach"
            aria-label={t("composer.attach")}
            title={t("composer.attach")}
            onClick={() => picker.current?.click()}
          >
            <AttachIcon />
          </button>
        </>
      )}
      <textarea
        ref={input}
        rows={1}
        aria-label={t("composer.message")}
        aria-invalid={isTooLong}
        aria-describedby={measured.length > 0 ? "composer-count" : undefined}
        placeholder={t("composer.placeholder")}
        // What is written has its own direction; the placeholder has the page's.
        dir={text ? "auto" : undefined}
        value={text}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <Count id="composer-count" of={measured} />
      {running ? (
        <button
          key="stop"
          type="button"
          class="round"
          aria-label={t(stopping === "no" ? "composer.stop" : "composer.stopping")}
          title={t(stopping === "no" ? "composer.stopKey" : "composer.stopping")}
          aria-disabled={stopping !== "no"}
          onClick={onStop}
        >
          {stopping === "no" ? <StopIcon /> : <SpinnerIcon />}
        </button>
      ) : (
        <button
          key="send"
          type="submit"
          class="round"
          aria-label={t("composer.send")}
          title={t("composer.sendKey")}
          disabled={isEmpty || isTooLong || isUploading}
        >
          <SendIcon />
        </button>
      )}
    </form>
  );
}

function hasModifier({ altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent): boolean {
  return altKey || ctrlKey || metaKey || shiftKey;
}
