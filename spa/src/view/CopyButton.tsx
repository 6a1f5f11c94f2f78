import { useEffect, useState } from "preact/hooks";
import { type MessageKey, t } from "../i18n";
import { CheckIcon, CopyIcon } from "./icons";

const SHOWN_MS = 2000;

/** Copies a text, and says for two seconds whether it could. */
export function CopyButton({ label, text }: { label: MessageKey; text: () => string }) {
  const [outcome, setOutcome] = useState<MessageKey>();

  useEffect(() => {
    if (!outcome) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text());
      setOutcome("message.copied");
    } catch {
      setOutcome("message.notCopied");
    }
  }

  const name = t(outcome ?? label);
  return (
    <button type="button" class="action" aria-label={name} title={name} onClick={() => void copy()}>
      {outcome === "message.copied" ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}
