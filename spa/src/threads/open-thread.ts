import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import { problemOf, Refused } from "../api/api";
import type { Chat } from "../api/chat";
import type { StoredThread } from "../api/stored";
import { type ActiveRun, listenerTo } from "../run/active-run";
import { type Answer, createAnswer, type Message, type Question } from "../run/answer";
import { openCallsOf, type Reply, toolOf } from "../run/asks";
import { blobOf, type FileRef } from "../run/files";
import type { RunInput } from "../run/outcome";
import type { Problem } from "../run/problems";
import { breakOff, open } from "../run/reducer";
import { EMPTY } from "../run/run-view";
import { type Outbox, runInputOf } from "./outbox";
import { isSurelyKept, merge } from "./reconcile";
import { createRequestOrder } from "./request-order";

export type { AnswerState } from "../api/stored";
export type * from "../run/answer";
export type * from "../run/run-view";

/** no: nobody has asked for it. asked: the agent is to stop. failing: that could not be told it yet. */
export type Stopping = "no" | "asked" | "failing";

export interface OpenThread {
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
  /** Starts a run; resolves when it has ended, however it ended. Does nothing while one runs. */
  send(text: string, files?: readonly FileRef[]): Promise<void>;
  /** Asks a question again, in place of its answer (the last one by default) and all that came after. */
  retry(answer?: Answer): Promise<void>;
  /** Asks something else in a question's place, of the same files. */
  edit(question: Question, text: string): Promise<void>;
  /** Ends the run. What it has said stays; the display goes on until the run has ended. */
  stop(): void;
  /**
   * Says what the last answer asks, and goes on from there.
   *
   * @param always names of tools that need not be asked about again while this page has the conversation
   */
  reply(answer: Answer, replies: readonly Reply[], always: readonly string[]): Promise<void>;
  rate(answer: Answer, rating: "up" | "down" | null): Promise<void>;
  /** The bytes of a file, asked for once. Throws when they cannot be had. */
  file(id: string): Promise<Blob>;
  /** Ends the listening. The run goes on at the server. */
  leave(): void;
}

/** What happens to the runs of a conversation at this page. */
export interface Observer {
  /** A message is on its way. */
  started(text: string): void;
  /** The agent has it. */
  begun(): void;
  ended(): void;
}

/** An answer below its question; one that goes on from the answer above it has none. */
function rowsOf(answer: Answer): Message[] {
  return answer.question.replies ? [answer] : [answer.question, answer];
}

/** One thread's state, from which the page is drawn. Knows neither the DOM nor HTTP. */
export function createOpenThread(
  threadId: string,
  chat: Chat,
  outbox: Outbox,
  observer?: Observer,
): OpenThread {
  const messages = signal<readonly Message[]>([]);
  const current = signal<ActiveRun | undefined>(undefined);
  const stopping = signal<Stopping>("no");
  const loading = signal(false);
  const problem = signal<Problem | undefined>(undefined);
  /** Counts what happens here, so that a history read meanwhile is known to be old. */
  let happened = 0;
  const requestOrder = createRequestOrder();
  const blobs = new Map<string, Promise<Blob>>();
  /** A history was shown while a run was received: what else it told has not been followed. */
  let isBehind = false;
  let left = false;
  const allowed = new Set<string>();

  const answers = () => messages.value.filter((each) => each.role === "assistant");
  const unsent = (runId: string) =>
    outbox.of(threadId).find((runInput) => runInput.runId === runId);

  /** @param runInput what to send; undefined for a run that the agent has */
  async function carry(answer: Answer, runInput: RunInput | undefined): Promise<void> {
    const here: ActiveRun = { answer, abort: new AbortController() };
    happened += 1;
    batch(() => {
      current.value = here;
      stopping.value = "no";
      answer.run.value = open(answer.run.value, runInput === undefined, Date.now());
    });
    if (runInput) {
      outbox.put(runInput);
      observer?.started(runInput.text || (runInput.files?.[0]?.name ?? ""));
    }
    const listener = listenerTo(
      here,
      () => observer?.begun(),
      () => outbox.drop(answer.runId),
    );
    const { signal } = here.abort;
    const outcome = runInput
      ? await chat.run(runInput, listener, signal)
      : await chat.follow(threadId, answer.runId, listener, signal);
    // Someone who has left comes back to the server's history.
    if (current.value !== here) return;
    happened += 1;
    here.abort.abort();
    batch(() => {
      answer.connection.value = "live";
      if (outcome.kind !== "ended")
        answer.run.value = breakOff(answer.run.value, outcome, Date.now());
      settle(answer, runInput);
      current.value = undefined;
      stopping.value = "no";
    });
    observer?.ended();
    const replies = repliesOfAllowed(answer);
    if (replies) await reply(answer, replies);
    else if (isUnsure(answer)) void load();
  }

  /** What the person has said for good, when an answer asks nothing else. */
  function repliesOfAllowed({ run, asks }: Answer): Reply[] | undefined {
    const isAllowed = asks.value.map((ask) => {
      const name = ask.isApproval ? toolOf(run.value, ask)?.name : undefined;
      return name !== undefined && allowed.has(name);
    });
    if (isAllowed.length === 0 || !isAllowed.every(Boolean)) return undefined;
    const payload = { approved: true };
    return asks.value.map(({ id }) => ({ interruptId: id, status: "resolved", payload }));
  }

  async function reply(answer: Answer, replies: readonly Reply[]): Promise<void> {
    if (current.value || left || answers().at(-1) !== answer) return;
    const question: Question = {
      role: "user",
      id: crypto.randomUUID(),
      text: "",
      files: [],
      replies,
    };
    await ask(question, crypto.randomUUID(), undefined);
  }

  /** What the agent may not have stays, to be sent once more. */
  function settle({ runId, run }: Answer, runInput: RunInput | undefined): void {
    const { state, retryMode } = run.value;
    if (state === "stopped" || retryMode === "regenerate") outbox.drop(runId);
    else if (runInput && retryMode === "resend") outbox.put(runInput);
  }

  /** Whether the server may have this conversation otherwise than it is shown. */
  function isUnsure(ended: Answer): boolean {
    // What could not be followed is not followed again by itself.
    if (left || ended.retryMode.value === "resume") return false;
    if (isBehind || outbox.of(threadId).length > 0) return true;
    return answers().some((each) => each !== ended && each.retryMode.value !== "regenerate");
  }

  /**
   * Asks a question below all messages but those whose place it takes.
   *
   * @param before the answer to the same message, which the agent never took
   */
  async function ask(
    question: Question,
    runId: string,
    replaces: string | undefined,
    before?: Answer,
  ): Promise<void> {
    const others = answers().filter((each) => each !== before);
    const cut = others.findIndex((each) => each.runId === replaces);
    const above = cut < 0 ? others : others.slice(0, cut);
    const last = above.at(-1);
    const openCalls = question.replies && last ? openCallsOf(last.run.value) : [];
    const answer = createAnswer(question, runId, replaces, { ...EMPTY, openCalls });
    messages.value = [...above, answer].flatMap(rowsOf);
    await carry(answer, runInputOf(threadId, answer));
  }

  /** What the server has, and what only this page has. */
  function show(stored: StoredThread | undefined): void {
    const runs = stored?.runs ?? [];
    const taken = runs.filter((run) => isSurelyKept(run) && unsent(run.runId));
    for (const { runId } of taken) outbox.drop(runId);
    // They began unseen, so other tabs know nothing of them.
    if (taken.length > 0) observer?.begun();
    const waiting = new Set(outbox.of(threadId).map(({ runId }) => runId));
    const all = merge(runs, answers(), current.value?.answer, waiting);
    isBehind = current.value !== undefined;
    messages.value = all.flatMap(rowsOf);
  }

  const isNowhereElse = (answer: Answer) =>
    answer === current.value?.answer ||
    answer.retryMode.value === "resend" ||
    !!unsent(answer.runId);

  async function read(): Promise<StoredThread | undefined> {
    try {
      return await chat.get(threadId);
    } catch (error) {
      // A conversation begins with its first message: until that is stored there is none.
      const isBegun = outbox.of(threadId).length > 0 || answers().length > 0;
      const isNew = isBegun && answers().every(isNowhereElse);
      if (error instanceof Refused && error.code === "not_found" && isNew) return undefined;
      throw error;
    }
  }

  /** Follows what runs, then sends what waits. Not awaited by who loads: it takes as long as answers do. */
  async function goOn(): Promise<void> {
    if (current.value) return;
    const open = answers().find(({ state }) => state.value === "running");
    // A run may still be refused after its start; sent again, the message joins it.
    if (open) await carry(open, unsent(open.runId));
    for (const runInput of outbox.of(threadId)) {
      if (left || current.value) return;
      if (answers().some(({ runId }) => runId === runInput.runId)) continue;
      const { messageId: id, text, files = [], resume: replies } = runInput;
      const question: Question = { role: "user", id, text, files, ...(replies ? { replies } : {}) };
      await ask(question, runInput.runId, runInput.replaces);
    }
  }

  async function load(): Promise<void> {
    left = false;
    loading.value = messages.value.length === 0;
    let request = 0;
    try {
      let [then, stored]: [number, StoredThread | undefined] = [-1, undefined];
      while (then !== happened || requestOrder.isPast(request)) {
        then = happened;
        request = requestOrder.next();
        stored = await read();
        if (left) return;
      }
      requestOrder.show(request);
      batch(() => {
        show(stored);
        problem.value = undefined;
      });
    } catch (error) {
      if (left || requestOrder.isPast(request)) return;
      problem.value = problemOf(error);
    } finally {
      loading.value = false;
    }
    void goOn();
  }

  async function send(text: string, files: readonly FileRef[] = []): Promise<void> {
    if (current.value) return;
    // What failed before is passed over: sent later, it would stand behind this.
    for (const { runId } of answers()) outbox.drop(runId);
    const question: Question = { role: "user", id: crypto.randomUUID(), text, files };
    await ask(question, crypto.randomUUID(), undefined);
  }

  return {
    threadId,
    messages,
    running: computed(() => current.value !== undefined),
    stopping,
    loading,
    problem,
    load,
    send,

    async retry(wanted) {
      const answer = wanted ?? answers().at(-1);
      if (current.value || !answer) return;
      const { question, runId, replaces } = answer;
      if (answer.retryMode.value === "resume") {
        await carry(answer, undefined);
      } else if (answer.retryMode.value === "resend") {
        await ask(question, runId, replaces, answer);
      } else {
        outbox.drop(runId);
        // What was allowed once is not done again: the question is asked anew, from its beginning.
        const all = answers();
        const place = all.indexOf(answer);
        const first = all.slice(0, place + 1).findLast((each) => !each.question.replies) ?? answer;
        await ask(first.question, crypto.randomUUID(), first.runId);
      }
    },

    async reply(answer, replies, always) {
      for (const name of always) allowed.add(name);
      await reply(answer, replies);
    },

    async edit(question, text) {
      if (current.value) return;
      const answer = answers().find((each) => each.question.id === question.id);
      // Another tab has asked something else in its place: what was written is not lost for that.
      if (!answer) return send(text, question.files);
      // What the agent never had cannot be replaced; what it was to replace, still can.
      const isKept = answer.retryMode.value !== "resend";
      outbox.drop(answer.runId);
      const { files } = question;
      const anew: Question = { role: "user", id: crypto.randomUUID(), text, files };
      if (isKept) await ask(anew, crypto.randomUUID(), answer.runId);
      else await ask(anew, crypto.randomUUID(), answer.replaces, answer);
    },

    stop() {
      const here = current.value;
      if (!here || stopping.value !== "no") return;
      stopping.value = "asked";
      const { answer, abort } = here;
      if (answer.isTaken.value || answer.connection.value === "live") {
        void chat.stop(threadId, answer.runId, abort.signal, () => {
          stopping.value = "failing";
        });
        return;
      }
      // It has not left this machine, or nobody knows whether it has: asked again, it is the same run.
      abort.abort();
      // If it has, the model is to stop; an agent out of reach is not waited for.
      const once = new AbortController();
      void chat.stop(threadId, answer.runId, once.signal, () => once.abort());
    },

    async rate(answer, rating) {
      const before = answer.rating.value;
      happened += 1;
      answer.rating.value = rating;
      try {
        await chat.rate(threadId, answer.runId, rating);
        problem.value = undefined;
      } catch (error) {
        batch(() => {
          answer.rating.value = before;
          problem.value = problemOf(error);
        });
      }
      happened += 1;
    },

    file(id) {
      const known = blobs.get(id);
      if (known) return known;
      const asked = chat.file(threadId, id).then(blobOf);
      blobs.set(id, asked);
      asked.catch(() => blobs.delete(id));
      return asked;
    },

    leave() {
      left = true;
      current.value?.abort.abort();
      current.value = undefined;
    },
  };
}
