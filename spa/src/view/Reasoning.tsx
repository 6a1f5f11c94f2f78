import { type ReadonlySignal, useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { formatDuration, t } from "../i18n";
import type { Part } from "../run/run-view";
import { BulbIcon, ChevronIcon } from "./icons";
import { Markdown } from "./Markdown";

/** The model's reasoning, folded to a line. Its text is drawn only while it is open. */
export function Reasoning({ part }: { part: ReadonlySignal<Part | undefined> }) {
  const [open, setOpen] = useState(false);
  const summary = useComputed(() => summaryOf(part.value));
  const running = useComputed(() => part.value?.kind === "reasoning" && !part.value.isClosed).value;
  return (
    <details
      class="reasoning"
      data-state={running ? "running" : "done"}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <BulbIcon />
        <span class={running ? "thinking" : undefined}>{summary}</span>
        <span class="fold">
          <ChevronIcon />
        </span>
      </summary>
      {open && <Markdown part={part} />}
    </details>
  );
}

function summaryOf(part: Part | undefined): string {
  if (part?.kind !== "reasoning") return "";
  if (!part.isClosed) return t("reasoning.running");
  const { startedAt: from, endedAt: to } = part;
  // What was thought in an earlier session comes back without its times.
  if (from === undefined || to === undefined) return t("reasoning.past");
  return t("reasoning.done", { time: formatDuration(Math.max(1000, to - from), "long") });
}
