// @vitest-environment node
import { expect, test } from "vitest";
import { createChat } from "../src/api/chat";
import type { AgentEvent } from "../src/api/events";
import { createOpenThread, type OpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { cutAfter, cutAfterEvents, down, lostAfterwards, status } from "./faults";
import { texts } from "./opened";
import { memory, pick, seeded } from "./support";
import { type Fault, fakeAgent, fakeNetwork, refusal, TOKENS } from "./wire";

/** One conversation, two tabs, and one agent that is hard to reach: chance decides what happens. */
const SEEDS = Number(process.env.MODEL_SEEDS ?? 100);
const FIRST = Number(process.env.MODEL_FIRST ?? 1);
const STEPS = Number(process.env.MODEL_STEPS ?? 14);
const THREAD = "thread";

const tick = () => new Promise((resolve) => setImmediate(resolve));

interface Tab {
  readonly storage: Storage;
  openThread: OpenThread;
}

function world(seed: number) {
  const random = seeded(seed);
  const agent = fakeAgent();
  agent.answerWith(undefined);
  const tabs: Tab[] = [];
  const said: string[] = [];
  /** What the person has given up, so that it need not be anywhere. */
  const givenUp = new Set<string>();
  let count = 0;

  function open(storage: Storage): OpenThread {
    const { network } = fakeNetwork();
    const chat = createChat("https://api.example", TOKENS, agent.fetcher, network);
    // What src/browser/tabs.ts does: the other tab looks again, a little later.
    const tell = () => {
      for (const { openThread } of tabs)
        if (openThread !== opened) void tick().then(() => openThread.load());
    };
    const observer = { started: () => undefined, begun: tell, ended: tell };
    const opened = createOpenThread(THREAD, chat, createOutbox(storage), observer);
    return opened;
  }
  for (let i = 0; i < 2; i += 1) {
    const storage = memory();
    tabs.push({ storage, openThread: open(storage) });
  }

  const waiting = ({ storage }: Tab) =>
    new Set(
      createOutbox(storage)
        .of(THREAD)
        .map(({ runId }) => runId),
    );
  const answersOf = ({ openThread }: Tab) =>
    openThread.messages.value.filter((each) => each.role === "assistant");
  const isRunning = () => agent.runs.some(({ events }) => !isOver(events.at(-1)));

  /** What stands on a page only, and is not kept for another try: passed over, or stopped in time. */
  const passedOver = (tab: Tab) =>
    answersOf(tab).filter(
      ({ retryMode, runId }) => retryMode.value === "resend" && !waiting(tab).has(runId),
    );

  const words = () => {
    count += 1;
    said.push(`message ${count}`);
    return `message ${count}`;
  };
  const giveUp = (answers: readonly { question: { text: string } }[]) => {
    for (const { question } of answers) givenUp.add(question.text);
  };

  const steps: Record<string, (tab: Tab) => unknown> = {
    send({ openThread }) {
      if (!openThread.running.value) void openThread.send(words());
    },
    retry(tab) {
      const before = answersOf(tab);
      void tab.openThread.retry();
      const after = new Set(answersOf(tab).map(({ question }) => question.text));
      giveUp(before.filter(({ question }) => !after.has(question.text)));
    },
    edit(tab) {
      const before = answersOf(tab);
      if (tab.openThread.running.value || before.length === 0) return;
      const { question } = pick(random, before);
      void tab.openThread.edit(question, words());
      const after = new Set(answersOf(tab).map(({ question: { text } }) => text));
      giveUp(before.filter((each) => !after.has(each.question.text)));
    },
    stop: ({ openThread }) => openThread.stop(),
    load: ({ openThread }) => void openThread.load(),
    reload(tab) {
      giveUp(passedOver(tab));
      tab.openThread.leave();
      tab.openThread = open(tab.storage);
      void tab.openThread.load();
    },
    announce: () => isRunning() && agent.announce(pick(random, ["one ", "two ", "three "])),
    end: () => isRunning() && agent.end(),
    fail: () => isRunning() && agent.end(error("model_unavailable")),
    fault: () => agent.fail(pick(random, FAULTS)(random)),
  };

  return {
    async run() {
      for (let i = 0; i < STEPS; i += 1) {
        const name = pick(random, Object.keys(steps));
        steps[name]?.(pick(random, tabs));
        for (let ticks = Math.floor(random() * 6); ticks > 0; ticks -= 1) await tick();
      }
      await rest();
    },
    agent,
    tabs,
    said,
    givenUp,
    answersOf,
    open,
  };

  /** Everything goes on until nothing happens any more. */
  async function rest(): Promise<void> {
    agent.calm();
    let quiet = 0;
    let isTriedAgain = false;
    for (let i = 0; quiet < 12; i += 1) {
      expect(i, "it never comes to rest").toBeLessThan(2_000);
      if (isRunning()) agent.end();
      const before = agent.requests.length;
      await new Promise((resolve) => setTimeout(resolve));
      const isBusy = tabs.some(({ openThread }) => openThread.running.value);
      quiet = isBusy || agent.requests.length > before ? 0 : quiet + 1;
      if (quiet < 6 || isTriedAgain) continue;
      isTriedAgain = true;
      // The person tries again what could not be read.
      const failed = tabs.filter(({ openThread }) => openThread.problem.value);
      for (const { openThread } of failed) void openThread.load();
    }
  }
}

const isOver = (event: AgentEvent | undefined) => /^RUN_(FINISHED|ERROR)$/.test(event?.type ?? "");
const error = (code: string) =>
  ({ type: "RUN_ERROR", code, message: "No." }) as Partial<AgentEvent>;

const FAULTS: readonly ((random: () => number) => Fault)[] = [
  () => down,
  () => lostAfterwards,
  () => status(503),
  () => status(424),
  () => status(401),
  (random) => cutAfterEvents(Math.floor(random() * 4)),
  (random) => cutAfter(Math.floor(random() * 400), pick(random, ["break", "close", "nonsense"])),
  (random) => {
    const code = pick(random, ["thread_busy", "too_many_runs", "internal_error", "interrupted"]);
    return () => refusal(code);
  },
  // The answer of then, later.
  (random) => {
    const ticks = Math.floor(random() * 12);
    return async (_, answer) => {
      const old = answer();
      for (let i = 0; i < ticks; i += 1) await tick();
      return old;
    };
  },
];

test("F1 F5 F10: whatever people, tabs and faults do, no message is lost, none is stored twice, and each page is what a reload shows", async () => {
  const judge = async (seed: number) => {
    const { run, agent, tabs, said, givenUp, answersOf, open } = world(seed);
    await run();
    const fresh = open(memory());
    await fresh.load();
    const stored = texts(fresh);
    const questions = stored.filter((_, i) => i % 2 === 0);
    const at = `seed ${seed}`;
    expect(new Set(questions).size, `${at}: stored twice`).toBe(questions.length);
    const asked = new Set(agent.runs.map(({ question }) => question.content));
    const onPages = new Set(tabs.flatMap(answersOf).map(({ question }) => question.text));
    const lost = said.filter(
      (text) => !asked.has(text) && !onPages.has(text) && !givenUp.has(text),
    );
    expect(lost, `${at}: lost`).toEqual([]);
    const runs = new Set(
      fresh.messages.value.map((each) => each.role === "assistant" && each.runId),
    );
    for (const tab of tabs) {
      const own = answersOf(tab).filter(({ runId }) => !runs.has(runId));
      expect(
        own.every(({ retryMode }) => retryMode.value === "resend"),
        `${at}: only here`,
      ).toBe(true);
      const shared = answersOf(tab).filter(({ runId }) => runs.has(runId));
      const shown = shared.flatMap((each) => [
        each.question.text,
        each.parts.value.map((part) => (part.kind === "text" ? part.text : "")).join(""),
      ]);
      expect(shown, `${at}: another page than after a reload`).toEqual(stored);
      expect(shared.map(({ state }) => state.value)).not.toContain("running");
    }
  };
  // Side by side, because they mostly wait.
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, FIRST + SEEDS - seed) }, (_, i) => judge(seed + i)),
    );
});
