import { afterEach, beforeEach } from "vitest";
import { createChat } from "../src/api/chat";
import type { Answer } from "../src/threads/open-thread";
import { createWorkspace, type Workspace } from "../src/threads/workspace";
import { type Agent, texts } from "./opened";
import { type Fault, fakeAgent, fakeNetwork, TOKENS } from "./wire";

let agent: Agent;
let opened: Workspace[];

/** The agent of the test that runs. */
export const fake = () => agent;

/** Tabs of one person at one agent, anew for each test of the file that calls it. */
export function setUp() {
  beforeEach(() => {
    sessionStorage.clear();
    history.replaceState(null, "", "/");
    agent = fakeAgent();
    opened = [];
  });
  afterEach(() => {
    for (const workspace of opened) workspace.close();
  });

  /** One tab. */
  function open(onSignedOut: () => void = () => undefined): Workspace {
    const chat = createChat("https://api.example", TOKENS, agent.fetcher, fakeNetwork().network);
    const workspace = createWorkspace(chat, "someone", onSignedOut);
    opened.push(workspace);
    return workspace;
  }

  return {
    open,
    /** As it is after a reload: what the page held is gone. */
    reload(): Workspace {
      for (const workspace of opened.splice(0)) workspace.openThread.value.leave();
      return open();
    },
    shown: (workspace: Workspace) => texts(workspace.openThread.value),
    titles: (workspace: Workspace) => workspace.threads.all.value?.map(({ title }) => title),
    last: (workspace: Workspace) => workspace.openThread.value.messages.value.at(-1) as Answer,
  };
}

/** Holds a request until it is let go of. */
export function hold(): { fault: Fault; release: () => void } {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fault: Fault = async (_, answer) => {
    await held;
    return answer();
  };
  return { fault, release: () => release() };
}

/** What was begun has come a step further. */
export const settled = () => new Promise((resolve) => setTimeout(resolve));

/** The address is another by the browser's own means. */
export const go = (address: string) => {
  history.replaceState(null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
};
