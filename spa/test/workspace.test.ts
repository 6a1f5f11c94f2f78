import { beforeEach, expect, test } from "vitest";
import { hashOf, linkTo, threadOf } from "../src/browser/address";
import { cutAfterEvents, down } from "./faults";
import type { Agent } from "./opened";
import { fake, setUp } from "./tab";
import { refusal } from "./wire";

const { open, reload, shown, titles, last } = setUp();
let agent: Agent;
beforeEach(() => {
  agent = fake();
});

const warmed = () =>
  agent.requests.filter(({ body }) => body.action === "warm").map(({ session }) => session);

test("a reload comes back to the same thread, messages and draft", async () => {
  const before = open();
  await before.send("hello");
  before.draft.value = "half a though";
  const after = reload();
  await expect.poll(() => shown(after)).toEqual(["hello", "You said: hello"]);
  expect(after.draft.value).toBe("half a though");
  expect(warmed()[1]).toBe(warmed()[0]);
});

test("a new conversation is the same one after a reload, so that its session is not started twice", async () => {
  open().draft.value = "half";
  expect(reload().draft.value).toBe("half");
  await expect.poll(() => warmed().length).toBe(2);
  expect(new Set(warmed()).size).toBe(1);
});

test("the first requests go to the session that the next message needs", async () => {
  const workspace = open();
  await workspace.send("hello");
  expect(new Set(agent.requests.map(({ session }) => session))).toEqual(
    new Set([workspace.openThread.value.threadId]),
  );
  expect(agent.requests[0]?.body.action).toBe("list");
});

test("New chat is another thread, empty and warmed, and keeps the draft", async () => {
  const workspace = open();
  await workspace.send("hello");
  workspace.draft.value = "kept";
  workspace.newChat();
  expect(shown(workspace)).toEqual([]);
  expect(workspace.draft.value).toBe("kept");
  await expect.poll(() => new Set(warmed()).size).toBe(2);
  expect(threadOf(location.hash)).toBeUndefined();
  workspace.newChat();
  expect(warmed()).toHaveLength(2);
});

test("each conversation has its own draft", async () => {
  const workspace = open();
  await workspace.send("one");
  const one = workspace.openThread.value.threadId;
  workspace.newChat();
  await workspace.send("two");
  const two = workspace.openThread.value.threadId;
  workspace.draft.value = "for two";
  workspace.open(one);
  expect(workspace.draft.value).toBe("");
  workspace.draft.value = "for one";
  workspace.open(two);
  expect(workspace.draft.value).toBe("for two");
  workspace.open(one);
  expect(reload().draft.value).toBe("for one");
});

test("a message that has to be changed comes back as the draft, unless another is being written", async () => {
  const workspace = open();
  await expect.poll(() => titles(workspace)).toEqual([]);
  agent.fail(() => refusal("prompt_too_long"));
  await workspace.send("very long");
  expect(workspace.draft.value).toBe("very long");
  agent.fail(() => refusal("prompt_too_long"));
  const sending = workspace.send("very long");
  workspace.draft.value = "shorter";
  await sending;
  expect(workspace.draft.value).toBe("shorter");
});

test("what the agent says of itself when it is warmed is known", async () => {
  const workspace = open();
  await expect.poll(() => workspace.agent.value?.model).toBe("fake");
});

test("after signing out nothing is stored, whatever still happens on the page", async () => {
  const workspace = open();
  await workspace.send("secret");
  workspace.close();
  sessionStorage.clear();
  workspace.draft.value = "secret";
  dispatchEvent(new Event("pagehide"));
  expect(sessionStorage).toHaveLength(0);
});

test("signing out in one tab ends it in the others", async () => {
  const one = open();
  const left = new Promise<void>((resolve) => void open(resolve));
  one.close();
  await left;
});

test("a conversation has an address, which opens it in any tab", async () => {
  const workspace = open();
  await workspace.send("hello");
  const { threadId } = workspace.openThread.value;
  expect(location.hash).toBe(`#/t/${threadId}`);
  expect(linkTo(threadId)).toBe(location.href);
  sessionStorage.clear();
  const other = open();
  await expect.poll(() => shown(other)[0]).toBe("hello");
});

test("back and forward go from conversation to conversation", async () => {
  const workspace = open();
  await workspace.send("one");
  const one = workspace.openThread.value.threadId;
  workspace.newChat();
  await workspace.send("two");
  workspace.open(one);
  expect(location.hash).toBe(hashOf(one));
  history.replaceState(null, "", "/");
  dispatchEvent(new PopStateEvent("popstate"));
  expect(shown(workspace)).toEqual([]);
  history.replaceState(null, "", hashOf(one));
  dispatchEvent(new PopStateEvent("popstate"));
  await expect.poll(() => shown(workspace)[0]).toBe("one");
});

test.each([
  ["#/t/abc", "abc"],
  ["#/t/a%2Fb", "a/b"],
  ["#/t/", undefined],
  ["#/t/a b", undefined],
  ["#/t/%", undefined],
  [`#/t/${"a".repeat(257)}`, undefined],
  ["#/t/%E4%B8%AD", undefined],
  ["#other", undefined],
])("the address %s is about the thread %s", (hash, threadId) => {
  expect(threadOf(hash)).toBe(threadId);
});

test("an address of a conversation that is not there says so, and New chat leads away", async () => {
  history.replaceState(null, "", hashOf("nobody-has-this-one"));
  const workspace = open();
  await expect
    .poll(() => workspace.openThread.value.problem.value?.title)
    .toBe("This conversation no longer exists.");
  workspace.newChat();
  expect(workspace.openThread.value.problem.value).toBeUndefined();
  expect(location.hash).toBe("");
});

test("an answer goes on when another conversation is opened, and stands there complete", async () => {
  const workspace = open();
  agent.answerWith(undefined);
  const sent = workspace.send("one");
  const one = workspace.openThread.value.threadId;
  await expect.poll(() => agent.runs.length).toBe(1);
  agent.announce("half ");
  workspace.newChat();
  agent.announce("whole");
  agent.end();
  await sent;
  workspace.open(one);
  await expect.poll(() => shown(workspace)).toEqual(["one", "half whole"]);
});

test("F10: two tabs agree: a run that begins in one is followed in the other, and the list is the same", async () => {
  const one = open();
  await one.send("first");
  const other = open();
  await expect.poll(() => shown(other)).toEqual(["first", "You said: first"]);
  agent.answerWith(undefined);
  const sent = one.send("second");
  await expect.poll(() => agent.runs.length).toBe(2);
  agent.announce("while it ");
  await expect.poll(() => shown(other)[3]).toBe("while it ");
  agent.announce("runs");
  agent.end();
  await sent;
  await expect.poll(() => shown(other)[3]).toBe("while it runs");
  await expect.poll(() => last(other).state.value).toBe("finished");
  await one.threads.rename(one.openThread.value.threadId, "Renamed");
  await expect.poll(() => titles(other)).toEqual(["Renamed"]);
  one.remove(one.openThread.value.threadId);
  one.threads.settle();
  await expect.poll(() => titles(other)).toEqual([]);
  expect(shown(other)).toEqual([]);
});

test("deleting the open conversation leaves it, and Undo comes back to it", async () => {
  const workspace = open();
  await workspace.send("hello");
  const { threadId } = workspace.openThread.value;
  workspace.remove(threadId);
  expect(shown(workspace)).toEqual([]);
  expect(titles(workspace)).toEqual([]);
  workspace.undelete();
  await expect.poll(() => shown(workspace)[0]).toBe("hello");
  expect(titles(workspace)).toEqual(["hello"]);
  expect(agent.asked("delete")).toEqual([]);
});

test("F5: an answer that was given up goes on by itself when the network is back", async () => {
  const workspace = open();
  await expect.poll(() => titles(workspace)).toEqual([]);
  agent.fail(cutAfterEvents(1), ...Array.from({ length: 9 }, () => down));
  await workspace.send("hello");
  expect(last(workspace).state.value).toBe("interrupted");
  dispatchEvent(new Event("online"));
  await expect.poll(() => last(workspace).state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
});

test("a history that could not be read is read when the network is back", async () => {
  const before = open();
  await before.send("hello");
  agent.fail(down, down);
  const after = reload();
  await expect.poll(() => after.openThread.value.problem.value).toBeDefined();
  dispatchEvent(new Event("online"));
  await expect.poll(() => shown(after)).toEqual(["hello", "You said: hello"]);
  expect(after.openThread.value.problem.value).toBeUndefined();
});
