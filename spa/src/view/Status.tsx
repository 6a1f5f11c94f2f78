import type { Answer, AnswerState, Message } from "../conversation";

const SENTENCES: Record<AnswerState, string> = {
  running: "Sluice is answering.",
  finished: "The answer is complete.",
  stopped: "The answer was stopped.",
  interrupted: "The connection broke before the answer was complete.",
  failed: "The answer failed.",
};

/**
 * The page's one live region. It says in sentences how the answer stands; the answer itself is not
 * live, because a screen reader would stumble over it word by word.
 */
export function Status({ messages }: { messages: readonly Message[] }) {
  const last = messages.at(-1);
  return (
    <p role="status" class="visually-hidden">
      {last?.role === "assistant" ? sentence(last) : ""}
    </p>
  );
}

function sentence(answer: Answer): string {
  return answer.problem.value?.title ?? SENTENCES[answer.state.value];
}
