// @vitest-environment node
// @vitest-environment node
import { expect, test } from "vitest";
import { createChat } from "../src/api/chat";
import { down, status } from "./faults";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

function open() {
  const agent = fakeAgent();
  const { network, waits } = fakeNetwork();
  return { agent, waits, chat: createChat("https://api.example", TOKENS, agent.fetcher, network) };
}

test("a session's id is at least 33 characters, whatever the conversation's is", async () => {
  const { agent, chat } = open();
  await chat.list("short");
  expect(agent.requests[0]?.session).toMatch(/^short-+$/);
  expect(agent.requests[0]?.session).toHaveLength(33);
});

test("an action that the agent refuses carries its code and the page's words", async () => {
  await expect(open().chat.get("nobody")).rejects.toMatchObject({
    code: "not_found",
    problem: { title: "This conversation no longer exists." },
  });
});

test("F4: an action is tried once more after a passing fault, and told when that is not enough", async () => {
  const { agent, chat, waits } = open();
  agent.fail(status(503));
  expect(await chat.list("session")).toEqual([]);
  expect(waits).toHaveLength(1);
  agent.fail(status(503), status(503));
  await expect(chat.list("session")).rejects.toMatchObject({ problem: { remedy: "retry" } });
  agent.fail(down);
  await expect(chat.list("session")).rejects.toMatchObject({
    problem: { title: "The agent could not be reached." },
  });
});

test("every action is asked again while its session starts", async () => {
  const { agent, chat } = open();
  await chat.run(
    { threadId: "thread", runId: "run", messageId: "m", text: "hello" },
    { event: () => undefined, connection: () => undefined },
    new AbortController().signal,
  );
  const actions: (() => Promise<unknown>)[] = [
    () => chat.list("thread"),
    () => chat.get("thread"),
    () => chat.rename("thread", "title", "thread"),
    () => chat.rate("thread", "run", "up"),
    () => chat.stop("thread", "run", new AbortController().signal, () => expect.fail("not told")),
    () => chat.remove("thread", "thread"),
  ];
  for (const act of actions) {
    const before = agent.requests.length;
    agent.fail(status(409), status(409));
    await act();
    expect(agent.requests).toHaveLength(before + 3);
  }
  agent.fail(...Array.from({ length: 6 }, () => status(409)));
  await expect(chat.list("thread")).rejects.toMatchObject({
    problem: { title: "The agent is still starting." },
  });
});
