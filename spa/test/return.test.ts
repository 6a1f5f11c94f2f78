import { beforeEach, expect, test } from "vitest";
import { cutAfterEvents, down, status } from "./faults";
import { begun, open, reopened, shown, words } from "./opened";
import { memory } from "./support";
import { refusal, TOKENS } from "./wire";

beforeEach(() => sessionStorage.clear());

test("F6: a sign-in that ends while a stream is resumed is told; the answer's rest can be had afterwards", async () => {
  const tokens = { ...TOKENS };
  const { agent, conversation, answer } = open(tokens);
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(3), status(401));
  tokens.renewed = async () => undefined as unknown as string;
  const sent = conversation.send("question");
  await begun(agent);
  agent.say("one ", "two ", "three ", "four ");
  await sent;
  expect(answer().problem.value?.remedy).toBe("sign-in");
  expect(shown(answer())).not.toBe("");
  // Signed in again, the page is a new one.
  agent.end();
  const { conversation: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("finished");
  expect(shown(there())).toBe("one two three four ");
});

test("F6: a message that could not leave because the sign-in had ended leaves after the next one", async () => {
  const tokens = { ...TOKENS, current: async () => undefined as string | undefined };
  const { agent, conversation, answer } = open(tokens);
  await conversation.send("question");
  expect(answer().problem.value?.remedy).toBe("sign-in");
  expect(agent.requests).toHaveLength(0);
  const { conversation: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("finished");
  expect(agent.runs.map(({ runId }) => runId)).toEqual([answer().runId]);
});

test("F4: a message that was passed over stays in its place when the history is read again", async () => {
  const { agent, conversation } = open();
  await conversation.send("first");
  agent.fail(status(503), status(503));
  await conversation.send("second");
  await conversation.send("third");
  await conversation.load();
  const texts = () => conversation.messages.value.map((each) => each.role === "user" && each.text);
  expect(texts().filter(Boolean)).toEqual(["first", "second", "third"]);
  expect(agent.runs).toHaveLength(2);
});

test("a reload finds the running answer and follows it", async () => {
  const { agent, conversation } = open();
  agent.answerWith(undefined);
  void conversation.send("question");
  await begun(agent);
  agent.say("one ");
  const { conversation: again, answer: there } = reopened(agent);
  await again.load();
  expect(there().state.value).toBe("running");
  expect(there().question.text).toBe("question");
  agent.say("two");
  await expect.poll(() => shown(there())).toBe("one two");
  expect(agent.asked("resume")[0]?.after).toBe(0);
  agent.end();
  await expect.poll(() => there().state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
});

test("a reload while a message waits sends it, once", async () => {
  const { agent, net, conversation } = open();
  net.state.online = false;
  net.network.hope = () => new Promise(() => undefined);
  agent.fail(down);
  void conversation.send("question");
  await expect.poll(() => agent.requests.length).toBe(1);
  const { conversation: again, answer: there } = reopened(agent);
  await again.load();
  await expect.poll(() => there()?.state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
  await again.load();
  expect(again.messages.value).toHaveLength(2);
  expect(sessionStorage.getItem("sluice.outbox")).toBeNull();
});

test("F10: another tab's answer is shown above the message that was refused for it, which is kept", async () => {
  const { agent, conversation, answer } = open();
  const { conversation: other } = reopened(agent, memory());
  agent.answerWith(undefined);
  void other.send("theirs");
  await begun(agent);
  await conversation.send("mine");
  expect(answer().problem.value?.title).toContain("still answering");
  await conversation.load();
  expect(
    conversation.messages.value.map((each) => ("text" in each ? each.text : each.state.value)),
  ).toEqual(["theirs", "running", "mine", "failed"]);
  agent.say("Theirs.");
  agent.end();
  await expect.poll(() => conversation.running.value).toBe(false);
  agent.answerWith(() => words("Mine."));
  await conversation.retry();
  const texts = conversation.messages.value.flatMap((each) =>
    "text" in each ? [] : [shown(each)],
  );
  expect(texts).toEqual(["Theirs.", "Mine."]);
  expect(agent.runs).toHaveLength(2);
});

test("F2: a process that died before it had stored the message says so, and Retry sends the same run", async () => {
  const { agent, conversation, answer } = open();
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(1), () => refusal("not_found"));
  await conversation.send("question");
  expect(answer().state.value).toBe("interrupted");
  const first = answer().runId;
  agent.runs.length = 0;
  agent.answerWith(() => words("There."));
  await conversation.retry();
  expect(shown(answer())).toBe("There.");
  expect(agent.runs[0]?.runId).toBe(first);
});

test("Stop asks the agent, shows on until the run has ended, and is asked again when it fails", async () => {
  const { agent, conversation, answer } = open();
  agent.answerWith(undefined);
  const sent = conversation.send("question");
  await begun(agent);
  agent.say("one ");
  await expect.poll(() => shown(answer())).toBe("one ");
  agent.fail(down, (body, answered) => {
    expect(conversation.stopping.value).toBe("failing");
    // What the model still says until it has stopped is kept by the server, so it is shown.
    agent.say("two");
    expect(body.action).toBe("stop");
    return answered();
  });
  conversation.stop();
  expect(conversation.stopping.value).toBe("asked");
  expect(answer().state.value).toBe("running");
  await sent;
  expect(answer().state.value).toBe("stopped");
  expect(shown(answer())).toBe("one two");
  expect(conversation.stopping.value).toBe("no");
  expect(agent.asked("stop")).toHaveLength(2);
});

test("Stop of a message that has not left keeps it here", async () => {
  const { agent, net, conversation, answer } = open();
  net.state.online = false;
  let hoping = false;
  net.network.hope = (_, signal) => {
    hoping = true;
    return new Promise((_resolve, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason as Error)),
    );
  };
  agent.fail(down);
  const sent = conversation.send("question");
  await expect.poll(() => hoping).toBe(true);
  conversation.stop();
  await sent;
  expect(answer().state.value).toBe("stopped");
  expect(agent.runs).toHaveLength(0);
  await conversation.retry();
  expect(answer().state.value).toBe("finished");
});
