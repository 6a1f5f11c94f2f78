import { useEffect, useId, useRef, useState } from "preact/hooks";
import { formatDate, formatDuration, formatNumber, t } from "../i18n";
import type { Answer } from "../threads/open-thread";
import type { Actions } from "./actions";
import { CopyButton } from "./CopyButton";
import { InfoIcon, RetryIcon, ThumbDownIcon, ThumbUpIcon } from "./icons";
import { textOf } from "./text";

/**
 * The row under an answer: copy, judge, ask again, and what it took.
 *
 * @param last nothing came after it that asking again would replace
 * @param running an answer is under way, so that nothing else can be asked
 */
export function AnswerActions({
  answer,
  last,
  running,
  actions,
}: {
  answer: Answer;
  last: boolean;
  running: boolean;
  actions: Actions;
}) {
  const [open, setOpen] = useState(false);
  const [confirming, setConfirming] = useState(false);
  const id = useId();
  const row = useRef<HTMLDivElement>(null);
  const text = textOf(answer);
  // How long nothing took is of no interest.
  const figures = text || answer.usage.value ? figuresOf(answer) : [];
  const finished = answer.state.value === "finished";
  // The agent never had one that is to be sent as the same run.
  const isKept = answer.retryMode.value !== "resend";
  if (!text && !isKept && !finished) return null;
  const again = t("answer.again");
  const details = t("answer.details");
  return (
    <>
      <div class="actions" ref={row}>
        {text && <CopyButton label="answer.copy" text={() => text} />}
        {isKept && <Thumb answer={answer} rating="up" actions={actions} />}
        {isKept && <Thumb answer={answer} rating="down" actions={actions} />}
        {/* An answer that did not finish has its Retry in what is said about it. */}
        {finished && !running && (
          <button
            type="button"
            class="action"
            aria-label={again}
            title={again}
            {...(last ? {} : { "aria-expanded": confirming, "aria-controls": `${id}-again` })}
            onClick={() => (last ? actions.retry(answer) : setConfirming(!confirming))}
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
      {confirming && !last && !running && (
        <Confirmation
          id={`${id}-again`}
          onCancel={() => {
            setConfirming(false);
            row.current?.querySelector<HTMLElement>("[aria-expanded=true]")?.focus();
          }}
          onConfirm={() => actions.retry(answer)}
        />
      )}
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

/** An earlier answer takes all that came after with it, which is said first, as where a message is edited. */
function Confirmation({
  id,
  onCancel,
  onConfirm,
}: {
  id: string;
  onCancel: () => void;
  onConfirm: () => void;
}) {
  const confirm = useRef<HTMLButtonElement>(null);
  useEffect(() => confirm.current?.focus({ preventScroll: true }), []);
  return (
    <fieldset
      class="confirmation"
      id={id}
      aria-labelledby={`${id}-note`}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // Elsewhere Escape stops an answer.
        event.stopPropagation();
        onCancel();
      }}
    >
      <p id={`${id}-note`}>{t("answer.againNote")}</p>
      <div class="buttons">
        <button type="button" class="secondary" onClick={onCancel}>
          {t("message.editCancel")}
        </button>
        <button type="button" class="secondary strong" ref={confirm} onClick={onConfirm}>
          {t("answer.again")}
        </button>
      </div>
    </fieldset>
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
