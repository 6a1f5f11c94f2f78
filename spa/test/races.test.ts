import { beforeEach, expect, test } from "vitest";
import type { AgentEvent } from "../src/api/events";
import { createOpenThread } from "../src/threads/open-thread";
import { createOutbox } from "../src/threads/outbox";
import { cutAfterEvents, down, lostAfterwards, status } from "./faults";
import { begun, open, reopened, shown, texts, words } from "./opened";
import { fullStorage } from "./support";
import { type Fault, frame, NOT_STORED, refusal } from "./wire";

beforeEach(() => sessionStorage.clear());

/** A run that begins, and of which the agent keeps nothing. */
const forgotten =
  (code: string): Fault =>
  ({ threadId = "", runId = "" }) =>
    new Response(
      frame({ type: "RUN_STARTED", threadId, runId }, 1) +
        frame({ ...NOT_STORED, code, message: "No." }, 2),
    );

const error = (code: string) =>
  ({ type: "RUN_ERROR", code, message: "No." }) as Partial<AgentEvent>;

// ---- what the agent may not have -----------------------------------------------------------------

test("F2: an agent that shuts down has not taken the message: it is sent again", async () => {
  const { agent, openThread, answer } = open();
  agent.fail(() => refusal("interrupted"));
  await openThread.send("question");
  expect(answer().state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
});

test("a message that failed as soon as it began is there after a reload, whether or not it was kept", async () => {
  const { agent, openThread, answer } = open();
  agent.fail(forgotten("internal_error"));
  await openThread.send("question");
  expect(answer().state.value).toBe("failed");
  const { openThread: again } = reopened(agent);
  await again.load();
  await expect.poll(() => texts(again)).toEqual(["question", "You said: question"]);
  expect(agent.runs).toHaveLength(1);
});

test("asked again as a new run, it is not asked once more after a reload", async () => {
  const { agent, openThread } = open();
  agent.fail(forgotten("internal_error"));
  await openThread.send("question");
  await openThread.retry();
  const { openThread: again } = reopened(agent);
  await again.load();
  expect(again.running.value).toBe(false);
  expect(texts(again)).toEqual(["question", "You said: question"]);
  expect(agent.runs).toHaveLength(1);
});

test("a reload between a run's begin and its refusal keeps the message", async () => {
  const { agent, openThread } = open();
  agent.answerWith(undefined);
  void openThread.send("question");
  await begun(agent);
  const { openThread: again, answer: there } = reopened(agent);
  agent.fail(
    (_, answer) => answer(),
    () => {
      agent.runs.length = 0;
      return refusal("too_many_runs");
    },
  );
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("failed");
  agent.answerWith(() => words("There."));
  const { openThread: later } = reopened(agent);
  await later.load();
  await expect.poll(() => texts(later)).toEqual(["question", "There."]);
});

test("F2: words of a run that died before it was stored do not keep the message from being sent again", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(3), () => {
    agent.runs.length = 0;
    return refusal("not_found");
  });
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("one ", "two ", "three ");
  await sent;
  expect(answer().state.value).toBe("interrupted");
  agent.answerWith(() => words("Whole."));
  const { openThread: again } = reopened(agent);
  await again.load();
  await expect.poll(() => texts(again)).toEqual(["question", "Whole."]);
});

test("a message that has to be changed is there after a reload, unless somebody has it back", async () => {
  const { agent, openThread } = open();
  agent.fail(() => refusal("thread_full"));
  await openThread.send("question");
  agent.fail(
    (_, answer) => answer(),
    () => refusal("thread_full"),
  );
  const { openThread: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("failed");
  expect(there().question.text).toBe("question");
});

test("a message that waited for a reload is not lost to one that is sent before the history is there", async () => {
  const { agent, openThread } = open();
  agent.fail(status(503), status(503));
  await openThread.send("first");
  const { openThread: again } = reopened(agent);
  const loading = again.load();
  await again.send("second");
  await loading;
  await expect
    .poll(() => texts(again))
    .toEqual(["second", "You said: second", "first", "You said: first"]);
});

test("a tab that is full keeps its messages while it lives", () => {
  const outbox = createOutbox(fullStorage());
  const runInput = { threadId: "t", runId: "r", messageId: "m", text: "words" };
  outbox.put(runInput);
  expect(outbox.of("t")).toEqual([runInput]);
  outbox.drop("r");
  expect(outbox.of("t")).toEqual([]);
});

// ---- the page and what the server has ------------------------------------------------------------

test("of two histories the older does not stay, though it comes last", async () => {
  const { agent, chat, openThread } = open();
  await openThread.send("first");
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  agent.fail(async (_, answer) => {
    const old = answer();
    await held;
    return old;
  });
  const slow = openThread.load();
  await createOpenThread(openThread.threadId, chat, createOutbox()).send("second");
  await openThread.load();
  const both = ["first", "You said: first", "second", "You said: second"];
  expect(texts(openThread)).toEqual(both);
  release();
  await slow;
  expect(texts(openThread)).toEqual(both);
});

test("what the agent never took, asked again, stands where the agent has it: at the end", async () => {
  const { agent, openThread } = open();
  await openThread.send("first");
  agent.fail(status(503), status(503));
  await openThread.send("second");
  await openThread.send("third");
  const question = openThread.messages.value[2];
  if (question?.role !== "user") throw new Error("no question");
  await openThread.edit(question, "zweite");
  const { openThread: again } = reopened(agent);
  await again.load();
  expect(texts(again).filter((_, i) => i % 2 === 0)).toEqual(["first", "third", "zweite"]);
  expect(texts(openThread)).toEqual(texts(again));
});

test("an edit that was refused stands below what it was to replace, and takes its place in the end", async () => {
  const { agent, openThread } = open();
  await openThread.send("one");
  const [question] = openThread.messages.value;
  if (question?.role !== "user") throw new Error("no question");
  agent.fail(() => refusal("thread_busy"));
  await openThread.edit(question, "uno");
  await expect.poll(() => texts(openThread)).toEqual(["one", "You said: one", "uno", ""]);
  await openThread.retry();
  expect(texts(openThread)).toEqual(["uno", "You said: uno"]);
  const { openThread: again } = reopened(agent);
  await again.load();
  expect(texts(again)).toEqual(["uno", "You said: uno"]);
});

test("an edit of a question that is not there any more is asked all the same", async () => {
  const { agent, chat, openThread } = open();
  await openThread.send("one");
  const [question] = openThread.messages.value;
  if (question?.role !== "user") throw new Error("no question");
  const { openThread: other } = reopened(agent);
  await other.load();
  const [there] = other.messages.value;
  if (there?.role !== "user") throw new Error("no question");
  await other.edit(there, "theirs");
  await openThread.load();
  await openThread.edit(question, "mine");
  expect((await chat.get(openThread.threadId)).runs.map(({ messages: [m] }) => m?.content)).toEqual(
    ["theirs", "mine"],
  );
});

test("what the agent has of a message that seemed lost takes the place of what was thought", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(lostAfterwards, ...Array.from({ length: 5 }, () => down));
  await openThread.send("question");
  expect(answer().problem.value?.title).toContain("could not be reached");
  agent.end(error("model_unavailable"));
  await openThread.load();
  expect(answer().problem.value?.title).not.toContain("could not be reached");
  expect(answer().retryMode.value).toBe("regenerate");
});

test("an answer that was given up is shown as the server has it, also when that broke off too", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(3), ...Array.from({ length: 9 }, () => down));
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("one ", "two ", "three ", "four ");
  await sent;
  agent.end(error("interrupted"));
  await openThread.load();
  expect(shown(answer())).toBe("one two three four ");
  expect(answer().retryMode.value).toBe("regenerate");
});

test("a conversation that was deleted elsewhere does not vanish from under its reader", async () => {
  const { chat, openThread } = open();
  await openThread.send("question");
  await chat.remove(openThread.threadId, openThread.threadId);
  await openThread.load();
  expect(openThread.problem.value?.title).toBe("This conversation no longer exists.");
  expect(texts(openThread)).toEqual(["question", "You said: question"]);
});

test("a history that is read while a rating is kept does not undo it", async () => {
  const { agent, openThread, answer } = open();
  await openThread.send("question");
  agent.fail(async (_, answered) => {
    const old = answered();
    await openThread.rate(answer(), "up");
    return old;
  });
  await openThread.load();
  expect(answer().rating.value).toBe("up");
});
