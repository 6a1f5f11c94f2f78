import { useState } from "preact/hooks";
import { formatDuration, t } from "../i18n";
import type { ReasoningPart } from "../threads/open-thread";
import { BulbIcon, ChevronIcon } from "./icons";
import { Markdown } from "./Markdown";

/** The model's reasoning, folded to a line. Its text is drawn only while it is open. */
export function Reasoning({ part }: { part: ReasoningPart }) {
  const [open, setOpen] = useState(false);
  const running = part.state.value === "running";
  return (
    <details
      class="reasoning"
      data-state={part.state.value}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <BulbIcon />
        <span class={running ? "thinking" : undefined}>{summaryOf(part)}</span>
        <span class="fold">
          <ChevronIcon />
        </span>
      </summary>
      {open && <Markdown stream={part.stream} />}
    </details>
  );
}

function summaryOf(part: ReasoningPart): string {
  if (part.state.value === "running") return t("reasoning.running");
  const from = part.startedAt.value;
  const to = part.endedAt.value;
  // What was thought in an earlier session comes back without its times.
  if (from === undefined || to === undefined) return t("reasoning.past");
  return t("reasoning.done", { time: formatDuration(Math.max(1000, to - from), "long") });
}
