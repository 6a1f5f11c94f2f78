import type { Answer, Message, Question } from "../conversation";
import { AlertIcon, RetryIcon } from "./icons";
import { Markdown } from "./Markdown";
import { ToolCard } from "./ToolCard";

export interface Actions {
  retry(): void;
  signIn(): void;
}

export function Messages({
  messages,
  actions,
}: {
  messages: readonly Message[];
  actions: Actions;
}) {
  const last = messages.length - 1;
  return (
    <>
      {messages.map((message, i) =>
        message.role === "user" ? (
          <UserMessage key={message.id} question={message} />
        ) : (
          <AssistantMessage
            key={message.id}
            answer={message}
            actions={i === last ? actions : undefined}
          />
        ),
      )}
    </>
  );
}

function UserMessage({ question }: { question: Question }) {
  return (
    <article class="message" data-role="user">
      <h2 class="visually-hidden">You</h2>
      <p class="bubble" dir="auto">
        {question.text}
      </p>
    </article>
  );
}

/** @param actions only the last answer has them: what was asked before is past */
function AssistantMessage({ answer, actions }: { answer: Answer; actions: Actions | undefined }) {
  return (
    <article
      class="message"
      data-role="assistant"
      data-state={answer.state.value}
      aria-busy={answer.state.value === "running"}
    >
      <h2 class="visually-hidden">Sluice</h2>
      {/* By place, because parts are only ever added, and a text may go on under its id after a call. */}
      {answer.parts.value.map((part, i) =>
        part.kind === "text" ? (
          <Markdown key={i} stream={part.stream} />
        ) : (
          <ToolCard key={i} tool={part} />
        ),
      )}
      {answer.thinking.value && <p class="thinking">Thinking</p>}
      {answer.notices.value.map((sentence) => (
        <p key={sentence} class="aside">
          {sentence}
        </p>
      ))}
      <Ending answer={answer} actions={actions} />
    </article>
  );
}

/** What a reader must know about an answer that did not end as it should. */
function Ending({ answer, actions }: { answer: Answer; actions: Actions | undefined }) {
  const state = answer.state.value;
  if (state === "stopped") {
    return (
      <div class="ending">
        <p>You stopped this answer here. The agent may still finish it on its side.</p>
        {actions && <RetryButton actions={actions} />}
      </div>
    );
  }
  const problem = answer.problem.value;
  if (state !== "failed" && state !== "interrupted") return null;
  return (
    <div class="ending fault">
      <AlertIcon />
      <p>
        <strong>{problem?.title ?? "The connection broke before the answer was complete."}</strong>{" "}
        {problem?.advice ?? "What arrived is kept above."}
      </p>
      {actions && problem?.remedy === "sign-in" && (
        <button type="button" class="secondary" onClick={actions.signIn}>
          Sign in
        </button>
      )}
      {actions && problem?.remedy !== "sign-in" && problem?.remedy !== "edit" && (
        <RetryButton actions={actions} />
      )}
    </div>
  );
}

function RetryButton({ actions }: { actions: Actions }) {
  return (
    <button type="button" class="secondary" onClick={actions.retry}>
      <RetryIcon />
      Retry
    </button>
  );
}
