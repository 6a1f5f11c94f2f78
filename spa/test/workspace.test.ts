import { afterEach, beforeEach, expect, test } from "vitest";
import type { Chat } from "../src/wire/chat";
import { createWorkspace, type Workspace } from "../src/workspace";
import { text } from "./support";

let warmed: string[];
let chat: Chat;
let opened: Workspace[];

function open(): Workspace {
  const workspace = createWorkspace(chat);
  opened.push(workspace);
  return workspace;
}

afterEach(() => {
  for (const workspace of opened) workspace.close();
});

beforeEach(() => {
  sessionStorage.clear();
  warmed = [];
  opened = [];
  chat = {
    async run(turn, onEvent) {
      onEvent(text(`You said: ${turn.text}`));
      return { kind: "finished" };
    },
    async warm(threadId) {
      warmed.push(threadId);
      return { model: "offline" };
    },
  };
});

test("a reload comes back to the same thread, messages and draft", async () => {
  const before = open();
  await before.conversation.value.send("hello");
  before.draft.value = "half a though";
  const after = open();
  expect(after.conversation.value.messages.value).toHaveLength(2);
  expect(after.draft.value).toBe("half a though");
  expect(warmed[1]).toBe(warmed[0]);
});

test("New chat is another thread, empty and warmed, and keeps the draft", async () => {
  const workspace = open();
  await workspace.conversation.value.send("hello");
  workspace.draft.value = "kept";
  workspace.newChat();
  expect(workspace.conversation.value.messages.value).toEqual([]);
  expect(workspace.draft.value).toBe("kept");
  expect(new Set(warmed).size).toBe(2);
  expect(open().conversation.value.messages.value).toEqual([]);
});

test("a message that has to be changed comes back as the draft, unless another is being written", async () => {
  const problem = { title: "Too long.", advice: "Shorten it.", remedy: "edit" } as const;
  chat.run = async () => ({ kind: "failed", problem });
  const workspace = open();
  await workspace.send("very long");
  expect(workspace.draft.value).toBe("very long");
  const sending = workspace.send("very long");
  workspace.draft.value = "shorter";
  await sending;
  expect(workspace.draft.value).toBe("shorter");
});

test("what the agent says of itself when it is warmed is known", async () => {
  const workspace = open();
  await Promise.resolve();
  expect(workspace.agent.value?.model).toBe("offline");
});

test("after signing out nothing is stored, whatever still happens on the page", async () => {
  const workspace = open();
  await workspace.conversation.value.send("secret");
  workspace.close();
  sessionStorage.clear();
  workspace.draft.value = "secret";
  await workspace.conversation.value.send("secret");
  dispatchEvent(new Event("pagehide"));
  expect(sessionStorage).toHaveLength(0);
});
