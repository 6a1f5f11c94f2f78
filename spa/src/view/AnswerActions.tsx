import { useId, useState } from "preact/hooks";
import type { Answer } from "../conversation";
import { formatDate, formatDuration, formatNumber, t } from "../i18n";
import type { Actions } from "./actions";
import { CopyButton } from "./CopyButton";
import { InfoIcon, RetryIcon, ThumbDownIcon, ThumbUpIcon } from "./icons";
import { textOf } from "./text";

/** The row under an answer: copy, judge, ask again, and what it took. */
export function AnswerActions({
  answer,
  last,
  actions,
}: {
  answer: Answer;
  last: boolean;
  actions: Actions;
}) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const text = textOf(answer);
  const figures = figuresOf(answer);
  const finished = answer.state.value === "finished";
  // The agent never had one that is to be sent as the same run.
  const isKept = answer.again.value !== "same";
  const again = t("answer.again");
  const details = t("answer.details");
  return (
    <>
      <div class="actions">
        {text && <CopyButton label="answer.copy" text={() => text} />}
        {isKept && <Thumb answer={answer} rating="up" actions={actions} />}
        {isKept && <Thumb answer={answer} rating="down" actions={actions} />}
        {/* An answer that did not finish has its Retry in what is said about it. */}
        {last && finished && (
          <button
            type="button"
            class="action"
            aria-label={again}
            title={again}
            onClick={() => actions.retry(answer)}
          >
            <RetryIcon />
          </button>
        )}
        {figures.length > 0 && (
          <button
            type="button"
            class="action"
            aria-label={details}
            title={details}
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setOpen(!open)}
          >
            <InfoIcon />
          </button>
        )}
      </div>
      <dl class="figures" id={id} hidden={!open}>
        {open &&
          figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}

function Thumb({
  answer,
  rating,
  actions,
}: {
  answer: Answer;
  rating: "up" | "down";
  actions: Actions;
}) {
  const given = answer.rating.value === rating;
  const name = t(rating === "up" ? "answer.up" : "answer.down");
  return (
    <button
      type="button"
      class="action"
      aria-label={name}
      title={name}
      aria-pressed={given}
      onClick={() => actions.rate(answer, given ? null : rating)}
    >
      {rating === "up" ? <ThumbUpIcon /> : <ThumbDownIcon />}
    </button>
  );
}

/** What is known of an answer's cost: names and values. */
function figuresOf(answer: Answer): [name: string, value: string][] {
  const usage = answer.usage.value;
  const from = answer.startedAt.value;
  const to = answer.endedAt.value;
  const figures: [string, string][] = [];
  if (from !== undefined) figures.push([t("answer.started"), formatDate(from)]);
  if (from !== undefined && to !== undefined)
    figures.push([t("answer.time"), formatDuration(to - from, "narrow")]);
  if (usage?.model) figures.push([t("answer.model"), usage.model]);
  if (usage) {
    figures.push(
      [t("answer.tokensIn"), formatNumber(usage.inputTokens)],
      [t("answer.tokensOut"), formatNumber(usage.outputTokens)],
    );
  }
  return figures;
}
