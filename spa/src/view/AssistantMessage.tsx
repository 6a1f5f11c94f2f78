import { useRef } from "preact/hooks";
import { brand } from "../brand";
import { t } from "../i18n";
import type { Answer, Part } from "../threads/open-thread";
import { AnswerActions } from "./AnswerActions";
import type { Actions } from "./actions";
import { SpinnerIcon } from "./icons";
import { Markdown } from "./Markdown";
import { Reasoning } from "./Reasoning";
import { RunError } from "./RunError";
import { ToolCard } from "./ToolCard";
import { textOf } from "./text";
import { useWhenVisible } from "./useWhenVisible";

/** For the guess at the height of an answer that is not drawn yet. */
const CHARACTERS_PER_LINE = 70;
const LINE_PX = 27;

/**
 * One answer. Until it is near the view only its text stands there, so that a long conversation opens
 * at once and can still be searched.
 *
 * @param last what was asked before is past: only for the last answer it is offered to fix what failed
 * @param busy an answer is under way, this or another
 */
export function AssistantMessage({
  answer,
  drawn,
  last,
  busy,
  actions,
}: {
  answer: Answer;
  drawn: boolean;
  last: boolean;
  busy: boolean;
  actions: Actions;
}) {
  const article = useRef<HTMLElement>(null);
  const state = answer.state.value;
  const running = state === "running";
  const near = useWhenVisible(article, drawn || running);
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
          {answer.parts.value.map((part, i) => (
            <PartView key={i} part={part} image={actions.image} />
          ))}
          <Progress answer={answer} />
          {answer.notices.value.map((sentence) => (
            <p key={sentence} class="aside" dir="auto">
              {sentence}
            </p>
          ))}
          <RunError answer={answer} actions={last ? actions : undefined} />
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

function PartView({ part, image }: { part: Part; image: Actions["image"] }) {
  switch (part.kind) {
    case "text":
      return <Markdown stream={part.stream} />;
    case "tool":
      return <ToolCard tool={part} image={image} />;
    case "reasoning":
      return <Reasoning part={part} />;
  }
}

/** What is happening while nothing is to be read. */
function Progress({ answer }: { answer: Answer }) {
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
  return answer.thinking.value ? <p class="thinking">{t("answer.thinking")}</p> : null;
}
