import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import { brand } from "../brand";
import { t } from "../i18n";
import { isThinking, type Notice } from "../run/run-view";
import type { Answer, ToolState } from "../threads/open-thread";
import { AnswerActions } from "./AnswerActions";
import type { Actions } from "./actions";
import { SpinnerIcon } from "./icons";
import { lazy } from "./lazy";
import { Markdown } from "./Markdown";
import { Reasoning } from "./Reasoning";
import { RunError } from "./RunError";
import { ToolCard } from "./ToolCard";
import { textOf } from "./text";
import { useWhenVisible } from "./useWhenVisible";

const Asks = lazy(async () => (await import("./Asks")).Asks);
const Sources = lazy(async () => (await import("./Sources")).Sources);

/** For the guess at the height of an answer that is not drawn yet. */
const CHARACTERS_PER_LINE = 70;
const LINE_PX = 27;

/**
 * One answer. Until it is near the view only its text stands there, so that a long conversation opens
 * at once and can still be searched.
 *
 * @param last what was asked before is past: only for the last answer it is offered to fix what failed
 * @param isContinued the answer below goes on from it, and has the results of its open calls
 * @param busy an answer is under way, this or another
 */
export function AssistantMessage({
  answer,
  drawn,
  last,
  isContinued,
  busy,
  actions,
}: {
  answer: Answer;
  drawn: boolean;
  last: boolean;
  isContinued: boolean;
  busy: boolean;
  actions: Actions;
}) {
  const article = useRef<HTMLElement>(null);
  const state = answer.state.value;
  const running = state === "running";
  const near = useWhenVisible(article, drawn || running);
  const count = useComputed(() => answer.parts.value.length);
  return (
    <article
      class="message"
      ref={article}
      data-role="assistant"
      data-state={state}
      aria-busy={running}
      style={running ? undefined : { containIntrinsicBlockSize: `auto ${guessHeight(answer)}px` }}
    >
      <h2 class="visually-hidden">{brand.name}</h2>
      {near ? (
        <>
          {/* By place, because a text may go on under its id after a call. */}
          {Array.from({ length: count.value }, (_, i) => (
            <PartView
              key={i}
              answer={answer}
              place={i}
              left={last ? "waiting" : isContinued ? undefined : "failed"}
              image={actions.file}
            />
          ))}
          <Progress answer={answer} />
          {answer.notices.value.map((notice) => (
            <p key={keyOf(notice)} class="aside" dir="auto">
              {"key" in notice ? t(notice.key) : notice.sentence}
            </p>
          ))}
          <RunError answer={answer} actions={last ? actions : undefined} />
          {last && !busy && answer.asks.value.length > 0 && (
            <Asks answer={answer} actions={actions} />
          )}
          {!running && answer.citations.value.length > 0 && (
            <Sources answer={answer} title={t("sources.title")} />
          )}
          {!running && (
            <AnswerActions answer={answer} last={last} running={busy} actions={actions} />
          )}
        </>
      ) : (
        <p class="undrawn" dir="auto">
          {textOf(answer)}
        </p>
      )}
    </article>
  );
}

/** In pixels; the browser remembers the real one once it was drawn. */
function guessHeight(answer: Answer): number {
  return Math.ceil(textOf(answer).length / CHARACTERS_PER_LINE + 3) * LINE_PX;
}

function keyOf(notice: Notice): string {
  return "key" in notice ? notice.key : notice.sentence;
}

/**
 * Only a tool's card is drawn again when its part changes: text changes hundreds of times a second.
 *
 * @param left how a call stands that waits; undefined when it is shown below
 */
function PartView({
  answer,
  place,
  left,
  image,
}: {
  answer: Answer;
  place: number;
  left: ToolState | undefined;
  image: Actions["file"];
}) {
  const part = useComputed(() => answer.parts.value[place]);
  const tool = useComputed(() => (part.value?.kind === "tool" ? part.value : undefined));
  const isText = useComputed(() => part.value?.kind === "text");
  if (tool.value?.state === "waiting")
    return left ? <ToolCard tool={{ ...tool.value, state: left }} image={image} /> : null;
  if (tool.value) return <ToolCard tool={tool.value} image={image} />;
  return isText.value ? (
    <Markdown part={part} sources={answer.citations} />
  ) : (
    <Reasoning part={part} />
  );
}

/** What is happening while nothing is to be read. */
function Progress({ answer }: { answer: Answer }) {
  const thinking = useComputed(() => isThinking(answer.run.value));
  if (answer.state.value !== "running") return null;
  const connection = answer.connection.value;
  if (connection !== "live") {
    return (
      <p class="connection">
        <SpinnerIcon />
        {t(connection === "waiting" ? "answer.waiting" : "answer.reconnecting")}
      </p>
    );
  }
  return thinking.value ? <p class="thinking">{t("answer.thinking")}</p> : null;
}
