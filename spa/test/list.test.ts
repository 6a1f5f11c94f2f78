import { beforeEach, expect, test } from "vitest";
import { hashOf } from "../src/browser/address";
import { status } from "./faults";
import type { Agent } from "./opened";
import { fake, go, hold, settled, setUp } from "./tab";

const { open, shown, titles } = setUp();
let agent: Agent;
beforeEach(() => {
  agent = fake();
});

test("a conversation stands in the list from its first message on, also when the list was slow to come", async () => {
  const { fault, release } = hold();
  agent.fail((body, answer) => {
    const old = answer();
    return fault(body, () => old);
  });
  const workspace = open();
  agent.answerWith(undefined);
  void workspace.send("hello");
  expect(titles(workspace)).toEqual(["hello"]);
  release();
  await settled();
  await settled();
  expect(titles(workspace)).toEqual(["hello"]);
});

test("a conversation whose first message could not leave is still to be found", async () => {
  const workspace = open();
  await expect.poll(() => titles(workspace)).toEqual([]);
  agent.fail(status(503), status(503));
  await workspace.send("hello");
  const { threadId } = workspace.openThread.value;
  workspace.newChat();
  await workspace.threads.load();
  expect(titles(workspace)).toEqual(["hello"]);
  workspace.open(threadId);
  expect(shown(workspace)).toEqual(["hello", ""]);
});

test("a message into a deleted conversation begins it anew, in the list too", async () => {
  const workspace = open();
  await workspace.send("first");
  const { threadId } = workspace.openThread.value;
  await expect.poll(() => titles(workspace)).toEqual(["first"]);
  workspace.remove(threadId);
  workspace.threads.settle();
  await expect.poll(() => agent.asked("delete").length).toBe(1);
  await settled();
  go(hashOf(threadId));
  await workspace.send("again");
  expect(titles(workspace)).toEqual(["again"]);
});
