import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { SendIcon, StopIcon } from "./icons";

interface Props {
  readonly draft: Signal<string>;
  readonly running: boolean;
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly onSend: () => void;
  readonly onStop: () => void;
}

const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");

/** Where a message is written. While an answer runs it can be written but not sent: Send gives way to Stop. */
export function Composer({ draft, running, input, onSend, onStop }: Props) {
  const text = draft.value;

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
    if (!running) onSend();
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <textarea
        ref={input}
        rows={1}
        aria-label="Message"
        placeholder="Ask anything"
        dir="auto"
        value={text}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={onKeyDown}
      />
      {running ? (
        <button
          key="stop"
          type="button"
          class="round"
          aria-label="Stop"
          title="Stop (Esc)"
          onClick={onStop}
        >
          <StopIcon />
        </button>
      ) : (
        <button
          key="send"
          type="submit"
          class="round"
          aria-label="Send"
          title="Send (Enter)"
          disabled={text.trim() === ""}
        >
          <SendIcon />
        </button>
      )}
    </form>
  );
}
