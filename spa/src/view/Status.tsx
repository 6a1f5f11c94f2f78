import { type MessageKey, t } from "../i18n";
import type { Answer, Message, Stopping } from "../threads/open-thread";
import { announcement } from "./announce";

const SENTENCES: Record<Answer["state"]["value"], MessageKey> = {
  running: "status.running",
  finished: "status.finished",
  stopped: "status.stopped",
  interrupted: "answer.broken",
  failed: "status.failed",
};

/**
 * The page's one live region. It says in sentences how the answer stands, and what else has happened;
 * the answer itself is not live, because a screen reader would stumble over it word by word.
 */
export function Status({
  messages,
  stopping,
}: {
  messages: readonly Message[];
  stopping: Stopping;
}) {
  const last = messages.at(-1);
  return (
    <div role="status" class="visually-hidden">
      {/* null, because Preact writes an empty text anew with each drawing: a change to be told of. */}
      <p>{last?.role === "assistant" ? sentence(last, stopping) : null}</p>
      <p>{announcement.value || null}</p>
    </div>
  );
}

function sentence(answer: Answer, stopping: Stopping): string {
  const problem = answer.problem.value;
  if (problem) return `${problem.title} ${problem.advice}`;
  if (answer.state.value === "running") {
    if (stopping === "failing") return t("composer.stopFailing");
    if (answer.connection.value === "reconnecting") return t("answer.reconnecting");
    if (answer.connection.value === "waiting") return t("answer.waiting");
  }
  if (answer.asks.value.length > 0) return t("status.asks");
  return t(SENTENCES[answer.state.value]);
}
