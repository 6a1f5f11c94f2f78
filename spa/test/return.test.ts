import { beforeEach, expect, test } from "vitest";
import { cutAfterEvents, down, status } from "./faults";
import { begun, open, reopened, shown, words } from "./opened";
import { memory } from "./support";
import { refusal, TOKENS } from "./wire";

beforeEach(() => sessionStorage.clear());

test("F6: a sign-in that ends while a stream is resumed is told; the answer's rest can be had afterwards", async () => {
  const tokens = { ...TOKENS };
  const { agent, openThread, answer } = open(tokens);
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(3), status(401));
  tokens.renewed = async () => undefined as unknown as string;
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("one ", "two ", "three ", "four ");
  await sent;
  expect(answer().problem.value?.remedy).toBe("sign-in");
  expect(shown(answer())).not.toBe("");
  // Signed in again, the page is a new one.
  agent.end();
  const { openThread: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("finished");
  expect(shown(there())).toBe("one two three four ");
});

test("F6: a message that could not leave because the sign-in had ended leaves after the next one", async () => {
  const tokens = { ...TOKENS, current: async () => undefined as string | undefined };
  const { agent, openThread, answer } = open(tokens);
  await openThread.send("question");
  expect(answer().problem.value?.remedy).toBe("sign-in");
  expect(agent.requests).toHaveLength(0);
  const { openThread: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("finished");
  expect(agent.runs.map(({ runId }) => runId)).toEqual([answer().runId]);
});

test("F4: a message that was passed over stays in its place when the history is read again", async () => {
  const { agent, openThread } = open();
  await openThread.send("first");
  agent.fail(status(503), status(503));
  await openThread.send("second");
  await openThread.send("third");
  await openThread.load();
  const texts = () => openThread.messages.value.map((each) => each.role === "user" && each.text);
  expect(texts().filter(Boolean)).toEqual(["first", "second", "third"]);
  expect(agent.runs).toHaveLength(2);
});

test("a reload finds the running answer and follows it", async () => {
  const { agent, openThread } = open();
  agent.answerWith(undefined);
  void openThread.send("question");
  await begun(agent);
  agent.announce("one ");
  const { openThread: again, answer: there } = reopened(agent);
  await again.load();
  expect(there().state.value).toBe("running");
  expect(there().question.text).toBe("question");
  agent.announce("two");
  await expect.poll(() => shown(there())).toBe("one two");
  expect(agent.asked("resume")[0]?.after).toBe(0);
  agent.end();
  await expect.poll(() => there().state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
});

test("a reload while a message waits sends it, once", async () => {
  const { agent, net, openThread } = open();
  net.state.online = false;
  net.network.waitForOnline = () => new Promise(() => undefined);
  agent.fail(down);
  void openThread.send("question");
  await expect.poll(() => agent.requests.length).toBe(1);
  const { openThread: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
  await again.load();
  expect(again.messages.value).toHaveLength(2);
  expect(sessionStorage.getItem("sluice.outbox")).toBeNull();
});

test("F10: another tab's answer is shown above the message that was refused for it, which is kept", async () => {
  const { agent, openThread, answer } = open();
  const { openThread: other } = reopened(agent, memory());
  agent.answerWith(undefined);
  void other.send("theirs");
  await begun(agent);
  await openThread.send("mine");
  expect(answer().problem.value?.title).toContain("still answering");
  await openThread.load();
  expect(
    openThread.messages.value.map((each) => ("text" in each ? each.text : each.state.value)),
  ).toEqual(["theirs", "running", "mine", "failed"]);
  agent.announce("Theirs.");
  agent.end();
  await expect.poll(() => openThread.running.value).toBe(false);
  agent.answerWith(() => words("Mine."));
  await openThread.retry();
  const texts = openThread.messages.value.flatMap((each) => ("text" in each ? [] : [shown(each)]));
  expect(texts).toEqual(["Theirs.", "Mine."]);
  expect(agent.runs).toHaveLength(2);
});

test("F2: a process that died before it had stored the message says so, and Retry sends the same run", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(1), () => refusal("not_found"));
  await openThread.send("question");
  expect(answer().state.value).toBe("interrupted");
  const first = answer().runId;
  agent.runs.length = 0;
  agent.answerWith(() => words("There."));
  await openThread.retry();
  expect(shown(answer())).toBe("There.");
  expect(agent.runs[0]?.runId).toBe(first);
});

test("Stop asks the agent, shows on until the run has ended, and is asked again when it fails", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("one ");
  await expect.poll(() => shown(answer())).toBe("one ");
  agent.fail(down, (body, answered) => {
    expect(openThread.stopping.value).toBe("failing");
    // What the model still says until it has stopped is kept by the server, so it is shown.
    agent.announce("two");
    expect(body.action).toBe("stop");
    return answered();
  });
  openThread.stop();
  expect(openThread.stopping.value).toBe("asked");
  expect(answer().state.value).toBe("running");
  await sent;
  expect(answer().state.value).toBe("stopped");
  expect(shown(answer())).toBe("one two");
  expect(openThread.stopping.value).toBe("no");
  expect(agent.asked("stop")).toHaveLength(2);
});

test("Stop of a message that has not left keeps it here", async () => {
  const { agent, net, openThread, answer } = open();
  net.state.online = false;
  let hoping = false;
  net.network.waitForOnline = (_, signal) => {
    hoping = true;
    return new Promise((_resolve, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason as Error)),
    );
  };
  agent.fail(down);
  const sent = openThread.send("question");
  await expect.poll(() => hoping).toBe(true);
  openThread.stop();
  await sent;
  expect(answer().state.value).toBe("stopped");
  expect(agent.runs).toHaveLength(0);
  await openThread.retry();
  expect(answer().state.value).toBe("finished");
});
