import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { Stopping } from "../conversation";
import { formatNumber, t } from "../i18n";
import { SendIcon, SpinnerIcon, StopIcon } from "./icons";

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

const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");
/** From this part of the limit on, the count is shown. */
const COUNTED_FROM = 0.8;

/** Where a message is written. While an answer runs it can be written but not sent: Send gives way to Stop. */
export function Composer(props: Props) {
  const { draft, running, stopping, limit, input, onSend, onStop } = props;
  const text = draft.value;
  const length = lengthOf(text, limit * COUNTED_FROM);
  const isTooLong = length > limit;

  useLayoutEffect(() => {
    const area = input.current;
    if (GROWS_BY_ITSELF || !area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text, input]);

  function onKeyDown(event: KeyboardEvent): void {
    // While an input method composes, Enter chooses a word. Safari ends composition first: keyCode 229.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
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
        aria-describedby={length > 0 ? "composer-count" : undefined}
        placeholder={t("composer.placeholder")}
        dir="auto"
        value={text}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={onKeyDown}
      />
      {length > 0 && (
        <p id="composer-count" class={isTooLong ? "count over" : "count"}>
          {t(isTooLong ? "composer.tooLong" : "composer.count", {
            length: formatNumber(length),
            limit: formatNumber(limit),
          })}
        </p>
      )}
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

/** Characters as the agent counts them: not halves of surrogate pairs. 0 for a text too short to be counted. */
function lengthOf(text: string, from: number): number {
  if (text.length < from) return 0;
  let halves = 0;
  for (let i = 0; i < text.length; i += 1) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) halves += 1;
  }
  return text.length - halves;
}
