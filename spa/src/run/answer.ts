import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Reply } from "./asks";
import type { FileRef } from "./files";
import type { Connection } from "./outcome";
import { EMPTY, type RunView } from "./run-view";

export interface Question {
  readonly role: "user";
  readonly id: string;
  readonly text: string;
  readonly files: readonly FileRef[];
  /** What was said to what the run before asked, in place of a question. */
  readonly replies?: readonly Reply[];
}

/** Each field of a run's state as a signal, so that what shows one is not drawn again for another. */
type Watched = { readonly [K in keyof RunView]: ReadonlySignal<RunView[K]> };

export interface Answer extends Watched {
  readonly role: "assistant";
  readonly id: string;
  readonly runId: string;
  readonly question: Question;
  /** The run whose place this one takes. */
  readonly replaces: string | undefined;
  /** What its run has come to. It changes with each delta: a component reads its fields instead. */
  readonly run: Signal<RunView>;
  /** While it runs: whether what is shown is what there is. */
  readonly connection: Signal<Connection>;
  readonly rating: Signal<"up" | "down" | null>;
}

export type Message = Question | Answer;

export function createAnswer(
  question: Question,
  runId: string,
  replaces?: string,
  view = EMPTY,
): Answer {
  const run = signal(view);
  const names = Object.keys(EMPTY) as (keyof RunView)[];
  const fields = names.map((name) => [name, computed(() => run.value[name])]);
  return {
    ...(Object.fromEntries(fields) as Watched),
    role: "assistant",
    // Not the run's: an answer that is asked for again under the same run is drawn anew.
    id: crypto.randomUUID(),
    runId,
    question,
    replaces,
    run,
    connection: signal("live"),
    rating: signal(null),
  };
}
