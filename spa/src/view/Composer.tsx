import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { isComposing } from "../browser/keys";
import { t } from "../i18n";
import type { Stopping } from "../threads/open-thread";
import { Count, measure } from "./Count";
import { SendIcon, SpinnerIcon, StopIcon } from "./icons";
import { useGrowth } from "./useGrowth";

interface Props {
  readonly draft: Signal<string>;
  readonly running: boolean;
  readonly stopping: Stopping;
  /** The most characters a message may have. */
  readonly limit: number;
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly onSend: () => void;
  readonly onStop: () => void;
}

/** Where a message is written. While an answer runs it can be written but not sent: Send gives way to Stop. */
export function Composer(props: Props) {
  const { draft, running, stopping, limit, input, onSend, onStop } = props;
  const text = draft.value;
  const measured = measure(text, limit);
  const { isTooLong } = measured;
  useGrowth(input, text);

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    if (!running && !isTooLong) onSend();
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!running && !isTooLong) onSend();
      }}
    >
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
          disabled={text.trim() === "" || isTooLong}
        >
          <SendIcon />
        </button>
      )}
    </form>
  );
}
