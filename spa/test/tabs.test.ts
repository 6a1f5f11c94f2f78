import { beforeEach, expect, test, vi } from "vitest";
import { down } from "./faults";
import type { Agent } from "./opened";
import { fullStorage } from "./support";
import { fake, go, hold, settled, setUp } from "./tab";
import { type Body, refusal } from "./wire";

const { open, reload, shown, titles, last } = setUp();
let agent: Agent;
beforeEach(() => {
  agent = fake();
});

// ---- drafts and messages that wait ---------------------------------------------------------------

test("what is begun in a new chat is there again, by Back and by New chat", async () => {
  const workspace = open();
  await workspace.send("one");
  const one = workspace.openThread.value.threadId;
  workspace.newChat();
  workspace.draft.value = "half a thought";
  workspace.open(one);
  go("/");
  expect(workspace.draft.value).toBe("half a thought");
  workspace.open(one);
  workspace.draft.value = "for one";
  workspace.newChat();
  expect(workspace.draft.value).toBe("half a thought");
  workspace.open(one);
  expect(workspace.draft.value).toBe("for one");
});

test("Back from a conversation that could not be read leads out of it", async () => {
  const workspace = open();
  const { threadId } = workspace.openThread.value;
  workspace.open("nobody-has-this-one");
  await expect.poll(() => workspace.openThread.value.problem.value).toBeDefined();
  go("/");
  expect(workspace.openThread.value.threadId).toBe(threadId);
});

test("a reload sends what waits in another conversation than the open one", async () => {
  const workspace = open();
  await workspace.send("one");
  const one = workspace.openThread.value.threadId;
  workspace.newChat();
  await expect.poll(() => titles(workspace)).toEqual(["one"]);
  agent.fail(...Array.from({ length: 9 }, () => down));
  await workspace.send("two");
  workspace.open(one);
  await expect.poll(() => agent.asked("get").length).toBeGreaterThan(0);
  await settled();
  const after = reload();
  await expect.poll(() => agent.runs.length).toBe(2);
  await expect.poll(() => titles(after)).toEqual(["two", "one"]);
  expect(shown(after)[0]).toBe("one");
});

test("what cannot be taken while an answer runs stays where it is being written", async () => {
  const workspace = open();
  agent.answerWith(undefined);
  void workspace.send("one");
  workspace.draft.value = "two";
  await workspace.send("two");
  expect(workspace.draft.value).toBe("two");
  expect(shown(workspace)).toEqual(["one", ""]);
});

test("a message to be changed comes back to its own conversation, also when another is open by then", async () => {
  const workspace = open();
  await expect.poll(() => titles(workspace)).toEqual([]);
  const { fault, release } = hold();
  agent.fail(async (body, answer) => {
    await fault(body, answer);
    return refusal("prompt_too_long");
  });
  const sending = workspace.send("very long");
  const { threadId } = workspace.openThread.value;
  workspace.newChat();
  release();
  await sending;
  expect(workspace.draft.value).toBe("");
  workspace.open(threadId);
  expect(workspace.draft.value).toBe("very long");
});

test("what could not leave for want of a network goes on by itself when it is back", async () => {
  const workspace = open();
  await expect.poll(() => titles(workspace)).toEqual([]);
  agent.fail(...Array.from({ length: 5 }, () => down));
  await workspace.send("hello");
  expect(last(workspace).state.value).toBe("failed");
  await expect.poll(() => agent.asked("get").length).toBe(1);
  await settled();
  dispatchEvent(new Event("online"));
  await expect.poll(() => shown(workspace)).toEqual(["hello", "You said: hello"]);
  expect(agent.runs).toHaveLength(1);
});

test("a tab that is full still opens, and still goes from one conversation to another", async () => {
  vi.stubGlobal("sessionStorage", fullStorage());
  const workspace = open();
  await workspace.send("hello");
  workspace.newChat();
  expect(shown(workspace)).toEqual([]);
  vi.unstubAllGlobals();
});

// ---- two tabs ------------------------------------------------------------------------------------

test("F10: another tab is told of a run when the agent has it, so that it finds and follows it", async () => {
  const one = open();
  await one.send("first");
  const other = open();
  await expect.poll(() => shown(other)).toEqual(["first", "You said: first"]);
  agent.answerWith(undefined);
  const { fault, release } = hold();
  agent.fail(fault);
  const channel = new BroadcastChannel("sluice.someone");
  const marker = new BroadcastChannel("sluice.someone");
  const heard: string[] = [];
  channel.onmessage = ({ data }) => heard.push(data.kind);
  void one.send("second");
  // What is told comes in order: the mark comes after what was told before it.
  marker.postMessage({ kind: "list-changed" });
  await expect.poll(() => heard).toEqual(["list-changed"]);
  release();
  await expect.poll(() => heard[1]).toBe("run-started");
  channel.close();
  marker.close();
  agent.announce("while it ");
  await expect.poll(() => shown(other)[3]).toBe("while it ");
  agent.end();
});

test("a conversation that is deleted in another tab while its message waits here is not begun anew", async () => {
  const one = open();
  await one.send("first");
  const { threadId } = one.openThread.value;
  const other = open();
  await expect.poll(() => shown(other).length).toBe(2);
  await expect.poll(() => titles(one)).toEqual(["first"]);
  await settled();
  agent.fail(...Array.from({ length: 6 }, () => down));
  await other.send("second");
  other.draft.value = "third";
  one.remove(threadId);
  one.threads.settle();
  await expect.poll(() => shown(other)).toEqual([]);
  expect(other.draft.value).toBe("third");
  const after = reload();
  after.open(threadId);
  await expect.poll(() => after.openThread.value.problem.value).toBeDefined();
  expect(agent.runs).toHaveLength(1);
});

test("a page that goes away with a deletion does not begin that conversation anew", async () => {
  const workspace = open();
  await workspace.send("first");
  await expect.poll(() => titles(workspace)).toEqual(["first"]);
  const { threadId } = workspace.openThread.value;
  agent.fail(...Array.from({ length: 6 }, () => down));
  await workspace.send("second");
  workspace.remove(threadId);
  dispatchEvent(new Event("pagehide"));
  await expect.poll(() => agent.asked("delete").length).toBe(1);
  reload().open(threadId);
  await settled();
  await settled();
  expect(agent.runs).toHaveLength(1);
});

test("a conversation in which another tab asks is not deleted from here", async () => {
  const one = open();
  await one.send("first");
  const { threadId } = one.openThread.value;
  const other = open();
  await expect.poll(() => shown(other).length).toBe(2);
  await expect.poll(() => titles(one)).toEqual(["first"]);
  one.remove(threadId);
  await other.send("second");
  await expect.poll(() => one.threads.removal.value).toBeUndefined();
  one.threads.settle();
  await expect.poll(() => titles(one)).toEqual(["first"]);
  expect(agent.asked("delete")).toEqual([]);
});

test("what ends after signing out is told to nobody", async () => {
  const workspace = open();
  await workspace.send("first");
  await expect.poll(() => titles(workspace)).toEqual(["first"]);
  const renaming = workspace.threads.rename(workspace.openThread.value.threadId, "Renamed");
  workspace.close();
  await renaming;
  expect(titles(workspace)).toEqual(["Renamed"]);
});

// ---- coming back ---------------------------------------------------------------------------------

const changedElsewhere = async () => {
  const workspace = open();
  await workspace.send("first");
  const { threadId } = workspace.openThread.value;
  await expect.poll(() => titles(workspace)).toEqual(["first"]);
  const body = { threadId, runId: "elsewhere", messages: [{ id: "m", content: "by phone" }] };
  await agent.fetcher("", { body: JSON.stringify(body satisfies Body) });
  return workspace;
};

test("a page that comes out of the back/forward cache shows what was done meanwhile", async () => {
  const workspace = await changedElsewhere();
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  await settled();
  expect(shown(workspace)).toHaveLength(2);
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await expect.poll(() => shown(workspace)[2]).toBe("by phone");
});

test("so does a tab that was out of sight for long", async () => {
  const workspace = await changedElsewhere();
  const hidden = vi.spyOn(document, "hidden", "get");
  const now = vi.spyOn(Date, "now");
  const runInput = (isHidden: boolean, at: number) => {
    now.mockReturnValue(at);
    hidden.mockReturnValue(isHidden);
    document.dispatchEvent(new Event("visibilitychange"));
  };
  runInput(true, 0);
  runInput(false, 60_000);
  await settled();
  expect(shown(workspace)).toHaveLength(2);
  runInput(true, 0);
  runInput(false, 600_000);
  now.mockRestore();
  hidden.mockRestore();
  await expect.poll(() => shown(workspace)[2]).toBe("by phone");
});
