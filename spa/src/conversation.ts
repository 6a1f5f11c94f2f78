import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import {
  type Answer,
  apply,
  close,
  createAnswer,
  type Message,
  type Question,
  reopen,
} from "./answer";
import type { Outbox } from "./outbox";
import { type Problem, UNREACHABLE } from "./problems";
import { merge } from "./recall";
import { Refused } from "./wire/api";
import type { Chat } from "./wire/chat";
import type { AgentEvent } from "./wire/events";
import type { Listener, Outcome, Turn } from "./wire/outcome";
import type { StoredConversation } from "./wire/stored";

export type {
  Answer,
  Message,
  Part,
  Question,
  ReasoningPart,
  TextPart,
  ToolPart,
  ToolState,
  Usage,
} from "./answer";
export type { AnswerState } from "./wire/stored";

/** no: nobody has asked for it. asked: the agent is to stop. failing: that could not be told it yet. */
export type Stopping = "no" | "asked" | "failing";

export interface Conversation {
  readonly threadId: string;
  readonly messages: ReadonlySignal<readonly Message[]>;
  readonly running: ReadonlySignal<boolean>;
  readonly stopping: ReadonlySignal<Stopping>;
  /** Whether the server's history is being read for the first time. */
  readonly loading: ReadonlySignal<boolean>;
  /** Why the history could not be read, or a rating not be kept. */
  readonly problem: ReadonlySignal<Problem | undefined>;
  /** Reads the server's history, follows a run that is under way, and sends what has not left yet. */
  load(): Promise<void>;
  /** Starts a turn; resolves when it has ended, however it ended. Does nothing while one runs. */
  send(text: string): Promise<void>;
  /** Asks a question again, in place of its answer (the last one by default) and all that came after. */
  retry(answer?: Answer): Promise<void>;
  /** Asks something else in a question's place. */
  edit(question: Question, text: string): Promise<void>;
  /** Ends the run. What it has said stays; the display goes on until the run has ended. */
  stop(): void;
  rate(answer: Answer, rating: "up" | "down" | null): Promise<void>;
  /** Ends the listening. The run goes on at the server. */
  leave(): void;
}

export interface Observer {
  /** A run has begun or ended here. */
  started(text: string): void;
  ended(answer: Answer, outcome: Outcome): void;
}

interface Current {
  readonly answer: Answer;
  readonly abort: AbortController;
  /** The agent has taken the message. */
  begun: boolean;
}

/** One thread's state, from which the page is drawn. Knows neither the DOM nor HTTP. */
export function createConversation(
  threadId: string,
  chat: Chat,
  outbox: Outbox,
  observer: Observer = { started: () => undefined, ended: () => undefined },
): Conversation {
  const messages = signal<readonly Message[]>([]);
  const current = signal<Current | undefined>(undefined);
  const stopping = signal<Stopping>("no");
  const loading = signal(false);
  const problem = signal<Problem | undefined>(undefined);
  /** Counts what happens here, so that a history read meanwhile is known to be old. */
  let happened = 0;
  let left = false;

  const answers = () => messages.value.filter((each) => each.role === "assistant");

  /** @param turn what to send; undefined for a run that the agent has */
  async function carry(answer: Answer, turn: Turn | undefined): Promise<void> {
    const here: Current = { answer, abort: new AbortController(), begun: turn === undefined };
    happened += 1;
    batch(() => {
      current.value = here;
      stopping.value = "no";
      answer.startedAt.value ??= Date.now();
    });
    if (turn) {
      outbox.put(turn);
      observer.started(turn.text);
    }
    let isKept = true;
    const listener: Listener = {
      event(event: AgentEvent) {
        if (here.abort.signal.aborted) return;
        if (event.type !== "RUN_ERROR") here.begun = true;
        // A run may still be refused after its start, and is not kept then.
        if (isKept && event.type !== "RUN_ERROR" && event.type !== "RUN_STARTED") {
          outbox.drop(answer.runId);
          isKept = false;
        }
        apply(answer, event);
      },
      connection(connection) {
        answer.connection.value = connection;
      },
    };
    const outcome = turn
      ? await chat.run(turn, listener, here.abort.signal)
      : await chat.follow(threadId, answer.runId, listener, here.abort.signal);
    // Someone who has left comes back to the server's history.
    if (current.value !== here) return;
    happened += 1;
    settle(answer, outcome);
    here.abort.abort();
    batch(() => {
      close(answer, outcome, Date.now());
      current.value = undefined;
      stopping.value = "no";
    });
    observer.ended(answer, outcome);
  }

  /** Whether the message needs to be kept for another try. */
  function settle({ runId }: Answer, outcome: Outcome): void {
    const isOver = outcome.kind === "finished" || outcome.kind === "stopped";
    if (isOver || outcome.again === "replace") outbox.drop(runId);
    // The person is to change it: it goes back to where it was written.
    else if (outcome.problem?.remedy === "edit") outbox.drop(runId);
  }

  /** Asks a question at the end of the given messages. */
  async function ask(
    before: readonly Message[],
    question: Question,
    runId: string,
    replaces: string | undefined,
  ): Promise<void> {
    const answer = createAnswer(question, runId, replaces);
    messages.value = [...before, question, answer];
    await carry(answer, turnOf(answer));
  }

  function turnOf({ question, runId, replaces }: Answer): Turn {
    const turn = { threadId, runId, messageId: question.id, text: question.text };
    return replaces === undefined ? turn : { ...turn, replaces };
  }

  /** What the server has, and what only this page has. */
  function show(stored: StoredConversation | undefined): void {
    const known = new Set(stored?.runs.map(({ runId }) => runId));
    for (const runId of known) outbox.drop(runId);
    const unsent = new Set(outbox.of(threadId).map(({ runId }) => runId));
    const all = merge(stored?.runs ?? [], answers(), current.value?.answer, unsent);
    messages.value = all.flatMap((answer) => [answer.question, answer]);
  }

  async function read(): Promise<StoredConversation | undefined> {
    try {
      return await chat.get(threadId);
    } catch (error) {
      // A conversation begins with its first message: until that is stored there is none.
      const isNew = outbox.of(threadId).length > 0 || answers().length > 0;
      if (error instanceof Refused && error.code === "not_found" && isNew) return undefined;
      throw error;
    }
  }

  /** Follows what runs, then sends what waits. Not awaited by who loads: it takes as long as answers do. */
  async function goOn(): Promise<void> {
    if (current.value) return;
    const open = answers().find(({ state }) => state.value === "running");
    if (open) {
      const isUnsent = outbox.of(threadId).some(({ runId }) => runId === open.runId);
      await carry(open, isUnsent ? turnOf(open) : undefined);
    }
    for (const turn of outbox.of(threadId)) {
      if (left || current.value) return;
      if (answers().some(({ runId }) => runId === turn.runId)) continue;
      const question: Question = { role: "user", id: turn.messageId, text: turn.text };
      const cut = answers().findIndex(({ runId }) => runId === turn.replaces);
      const before = cut < 0 ? messages.value : messages.value.slice(0, cut * 2);
      await ask(before, question, turn.runId, turn.replaces);
    }
  }

  return {
    threadId,
    messages,
    running: computed(() => current.value !== undefined),
    stopping,
    loading,
    problem,

    async load() {
      left = false;
      loading.value = messages.value.length === 0;
      try {
        for (;;) {
          const then = happened;
          const stored = await read();
          if (left) return;
          if (happened !== then) continue;
          batch(() => {
            show(stored);
            problem.value = undefined;
          });
          break;
        }
      } catch (error) {
        if (left) return;
        problem.value = error instanceof Refused ? error.problem : UNREACHABLE;
      } finally {
        loading.value = false;
      }
      void goOn();
    },

    async send(text) {
      if (current.value) return;
      // What failed before is passed over: sent later, it would stand behind this.
      for (const { runId } of outbox.of(threadId)) outbox.drop(runId);
      const question: Question = { role: "user", id: crypto.randomUUID(), text };
      await ask(messages.value, question, crypto.randomUUID(), undefined);
    },

    async retry(wanted) {
      const answer = wanted ?? answers().at(-1);
      if (current.value || !answer) return;
      if (answer.again.value === "follow") {
        reopen(answer);
        await carry(answer, undefined);
        return;
      }
      const before = messages.value.slice(0, messages.value.indexOf(answer) - 1);
      if (answer.again.value === "same")
        await ask(before, answer.question, answer.runId, answer.replaces);
      else await ask(before, answer.question, crypto.randomUUID(), answer.runId);
    },

    async edit(question, text) {
      const place = messages.value.indexOf(question);
      const answer = messages.value[place + 1];
      if (current.value || answer?.role !== "assistant") return;
      // What the agent never had cannot be replaced; what it was to replace, still can.
      const isKept = answer.again.value !== "same";
      outbox.drop(answer.runId);
      const anew: Question = { role: "user", id: crypto.randomUUID(), text };
      const replaces = isKept ? answer.runId : answer.replaces;
      await ask(messages.value.slice(0, place), anew, crypto.randomUUID(), replaces);
    },

    stop() {
      const here = current.value;
      if (!here || stopping.value !== "no") return;
      stopping.value = "asked";
      const { answer, abort } = here;
      if (!here.begun && answer.connection.value !== "live") {
        // It has not left this machine, or nobody knows whether it has: asked again, it is the same run.
        answer.again.value = "same";
        abort.abort();
      }
      void chat.stop(threadId, answer.runId, abort.signal, () => {
        stopping.value = "failing";
      });
    },

    async rate(answer, rating) {
      const before = answer.rating.value;
      answer.rating.value = rating;
      try {
        await chat.rate(threadId, answer.runId, rating);
        problem.value = undefined;
      } catch (error) {
        batch(() => {
          answer.rating.value = before;
          problem.value = error instanceof Refused ? error.problem : UNREACHABLE;
        });
      }
    },

    leave() {
      left = true;
      current.value?.abort.abort();
      current.value = undefined;
    },
  };
}
