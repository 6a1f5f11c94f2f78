import type { StoredRun } from "../api/stored";
import { type Answer, createAnswer, type Question } from "../run/answer";
import { openCallsOf } from "../run/asks";
import { filesOf, plainText } from "../run/files";
import { questionOf, replay } from "../run/replay";

/**
 * The answers to show: the server's in its order, of which those that are shown and have not changed
 * stay the same objects, so that they are not drawn again; and those that only this page has.
 *
 * @param running the answer that is being received: it knows more than what is stored of it
 * @param unsent the runs whose messages wait to be sent
 */
export function merge(
  runs: readonly StoredRun[],
  shown: readonly Answer[],
  running: Answer | undefined,
  unsent: ReadonlySet<string>,
): Answer[] {
  const known = new Map(shown.map((answer) => [answer.runId, answer]));
  const stored: Answer[] = [];
  for (const run of runs) {
    const here = known.get(run.runId);
    known.delete(run.runId);
    // What is to be sent or followed again has not been received to its end.
    const isSame =
      here?.state.value === run.state &&
      run.state !== "running" &&
      here.retryMode.value === "regenerate";
    const answer = here && (isSame || here === running) ? here : answerOf(run, stored.at(-1));
    if (isSame) answer.rating.value = run.rating ?? null;
    stored.push(answer);
  }
  const own = [...known.values()];
  const waiting = own.filter((answer) => answer === running || unsent.has(answer.runId));
  const all = [...stored, ...waiting];
  // What the agent never took, and the person has passed over, stays behind what it stood behind.
  for (const answer of own) {
    if (waiting.includes(answer) || answer.retryMode.value !== "resend") continue;
    const before = shown[shown.indexOf(answer) - 1];
    const place = all.findIndex(({ runId }) => runId === before?.runId);
    all.splice(place + 1, 0, answer);
  }
  return all;
}

/** Whether the server has a run for good: one that has said nothing yet may be refused after its start. */
export function isSurelyKept({ state, messages, given = 1 }: StoredRun): boolean {
  return state !== "running" || messages.length > given;
}

/** @param before the answer above it */
function answerOf(run: StoredRun, before: Answer | undefined): Answer {
  const asked = questionOf(run);
  const question: Question = {
    role: "user",
    id: asked?.id ?? run.runId,
    text: plainText(asked?.content),
    files: filesOf(asked?.content),
    // What was said is in what the agent did then.
    ...(asked ? {} : { replies: [] }),
  };
  const openCalls = before && !asked ? openCallsOf(before.run.value) : [];
  const answer = createAnswer(question, run.runId, undefined, replay(run, openCalls));
  answer.rating.value = run.rating ?? null;
  return answer;
}
