import { beforeEach, expect, test } from "vitest";
import type { AgentEvent } from "../src/api/events";
import { cutAfter, cutAfterEvents, down, lostAfterwards, type RunError, status } from "./faults";
import { begun, open, reopened, shown, texts, words } from "./opened";
import { pick, seeded } from "./support";
import { refusal, TOKENS } from "./wire";

beforeEach(() => sessionStorage.clear());

test.each([1, 2, 3, 4, 5])(
  "F1 F5 F8: an answer cut 20 times at random shows exactly the text of an uncut one (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const { agent, openThread, answer, net } = open();
    const alphabet = ["word ", "\n\n", "é", "漢字", "👩‍👩‍👧", "`", "\r\n", "- "];
    const deltas = Array.from({ length: 300 }, () => pick(random, alphabet));
    agent.answerWith(() => words(...deltas));
    const endings: readonly RunError[] = ["break", "close", "nonsense"];
    for (let cuts = 0; cuts < 20; cuts += 1)
      agent.fail(cutAfter(Math.floor(random() * 2_000), pick(random, endings)));
    await openThread.send("question");
    expect(answer().state.value).toBe("finished");
    expect(shown(answer())).toBe(deltas.join(""));
    expect(agent.requests.length).toBeGreaterThan(15);
    expect(agent.runs).toHaveLength(1);
    // One question, whatever was sent: the same run id each time.
    expect(new Set(agent.asked().map(({ runId }) => runId)).size).toBe(1);
    expect(net.waits.every((wait) => wait >= 300 && wait <= 8_000)).toBe(true);
  },
);

test("F5: what is resumed is asked for after the last event, and said while it is", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(5), down);
  const states: string[] = [];
  const sent = openThread.send("question");
  answer().connection.subscribe((state) => states.push(state));
  await begun(agent);
  agent.announce("one ", "two ", "three ", "four ", "five ", "six ", "seven ");
  await expect.poll(() => agent.asked("resume").length).toBe(2);
  agent.end();
  await sent;
  expect(shown(answer())).toBe("one two three four five six seven ");
  const after = agent.asked("resume").map((body) => body.after);
  expect(after[0]).toBeGreaterThan(1);
  expect(after[1]).toBe(after[0]);
  expect(states).toEqual(["live", "reconnecting", "live"]);
});

test("F2: a process that died leaves the partial answer, and Retry takes its place", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(
    cutAfterEvents(3),
    // 424: the runtime starts another process.
    status(424),
    () => new Response(frameOf({ type: "RUN_ERROR", code: "interrupted", message: "Died." })),
  );
  let cutAt = 0;
  const frameOf = (event: AgentEvent) => {
    cutAt = agent.asked("resume").at(-1)?.after ?? 0;
    return `id: ${cutAt + 1}\ndata: ${JSON.stringify(event)}\n\n`;
  };
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("Half ", "an ", "answer");
  await sent;
  expect(cutAt).toBeGreaterThan(1);
  expect(answer().state.value).toBe("interrupted");
  expect(answer().problem.value?.title).toContain("stopped unexpectedly");
  expect("Half an answer".startsWith(shown(answer()))).toBe(true);
  expect(shown(answer())).not.toBe("");
  const first = answer().runId;
  agent.end({ type: "RUN_ERROR", code: "interrupted", message: "Died." } as AgentEvent);
  agent.answerWith(() => words("Whole"));
  await openThread.retry();
  expect(shown(answer())).toBe("Whole");
  expect(answer().runId).not.toBe(first);
  expect(agent.asked().at(-1)?.forwardedProps?.replaces).toBe(first);
});

test("F1: a replay from the beginning replaces what had arrived", async () => {
  const { agent, openThread, answer } = open();
  const deltas = ["a", "b", "c", "d", "e", "f", "g", "h"];
  agent.answerWith(() => words(...deltas));
  agent.fail(cutAfterEvents(4), (body) => {
    // As it is stored: the whole run in fewer events.
    const { threadId = "", runId = "" } = body;
    const events: AgentEvent[] = [
      { type: "RUN_STARTED", threadId, runId },
      ...words(deltas.join("")),
      { type: "RUN_FINISHED", threadId, runId },
    ];
    return new Response(
      events.map((event, i) => `id: ${i + 1}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
    );
  });
  await openThread.send("question");
  expect(agent.asked("resume")[0]?.after).toBeGreaterThan(2);
  expect(shown(answer())).toBe("abcdefgh");
  expect(answer().state.value).toBe("finished");
});

test("F7: a stream that falls silent is taken for cut, and resumed", async () => {
  const { agent, net, openThread, answer } = open();
  agent.answerWith(undefined);
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("one ");
  await expect.poll(() => shown(answer())).toBe("one ");
  net.loseSilently();
  await expect.poll(() => agent.asked("resume")).toHaveLength(1);
  expect(agent.asked("resume")[0]?.after).toBe(2);
  agent.announce("two");
  agent.end();
  await sent;
  expect(shown(answer())).toBe("one two");
});

test("F8: a gap in the numbers is asked for again, and what comes twice is shown once", async () => {
  const { agent, openThread, answer } = open();
  const deltas = ["a", "b", "c", "d"];
  agent.answerWith(() => words(...deltas));
  agent.fail(async (_, answered) => {
    const frames = (await answered().text()).split(/(?<=\n\n)/);
    return new Response([frames[0], frames[1], frames[1], frames[3]].join(""));
  });
  await openThread.send("question");
  expect(agent.asked("resume").map(({ after }) => after)).toEqual([2]);
  expect(shown(answer())).toBe("abcd");
});

test("F5: what cannot be resumed is shown as interrupted, and Retry asks for the rest of the same run", async () => {
  const { agent, net, openThread, answer } = open();
  agent.answerWith(undefined);
  agent.fail(cutAfterEvents(3), ...Array.from({ length: 9 }, () => down));
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("one ", "two ", "three ", "four ", "five ");
  await sent;
  expect(answer().state.value).toBe("interrupted");
  expect(net.waits).toHaveLength(9);
  agent.end();
  await openThread.retry();
  expect(answer().state.value).toBe("finished");
  expect(shown(answer())).toBe("one two three four five ");
  expect(agent.runs).toHaveLength(1);
});

test("offline, the message waits as long as it takes, and leaves once", async () => {
  const { agent, net, openThread, answer } = open();
  net.state.online = false;
  agent.fail(...Array.from({ length: 30 }, () => down));
  const sent = openThread.send("question");
  await sent;
  expect(answer().state.value).toBe("finished");
  expect(agent.runs).toHaveLength(1);
  expect(new Set(agent.asked().map(({ runId }) => runId)).size).toBe(1);
});

test("offline is told as such", async () => {
  const { agent, net, openThread, answer } = open();
  net.state.online = false;
  agent.fail(down);
  const states: string[] = [];
  const sent = openThread.send("question");
  answer().connection.subscribe((state) => states.push(state));
  await sent;
  expect(states).toEqual(["live", "waiting", "live"]);
});

test("F4: a message whose answer was lost is sent again, and asked once", async () => {
  const { agent, openThread, answer } = open();
  agent.fail(lostAfterwards, status(503));
  await openThread.send("question");
  expect(answer().state.value).toBe("finished");
  expect(shown(answer())).toBe("You said: question");
  expect(agent.runs).toHaveLength(1);
});

test("an agent that stays out of reach is told as such, and Retry sends the same run", async () => {
  const { agent, openThread, answer } = open();
  agent.fail(...Array.from({ length: 5 }, () => down));
  await openThread.send("question");
  expect(answer().problem.value?.title).toContain("could not be reached");
  const first = answer().runId;
  await openThread.retry();
  expect(answer().state.value).toBe("finished");
  expect(answer().runId).toBe(first);
});

test("a resume that is refused for the moment is tried again", async () => {
  const { agent, openThread, answer } = open();
  agent.answerWith(() => words("a", "b", "c", "d"));
  agent.fail(cutAfterEvents(3), () => refusal("internal_error"), status(500));
  await openThread.send("question");
  expect(answer().state.value).toBe("finished");
  expect(shown(answer())).toBe("abcd");
});

test("F5: a reload whose first request to follow is refused for the moment follows all the same", async () => {
  const { agent, openThread } = open();
  agent.answerWith(undefined);
  void openThread.send("question");
  await begun(agent);
  agent.announce("one ");
  await expect.poll(() => texts(openThread)[1]).toBe("one ");
  const { openThread: again, answer: there } = reopened(agent);
  agent.fail(
    (_, answer) => answer(),
    () => refusal("internal_error"),
  );
  await again.load();
  await expect.poll(() => agent.asked("resume").length).toBe(2);
  agent.end();
  await expect.poll(() => there().state.value).toBe("finished");
  expect(texts(again)).toEqual(["question", "one "]);
});

test("F6: an API that refuses the renewed token too is told at once, not asked ten times", async () => {
  let renewals = 0;
  const renewed = async () => {
    renewals += 1;
    return "newer";
  };
  const { agent, openThread, answer } = open({ ...TOKENS, renewed });
  agent.answerWith(() => words("a", "b", "c", "d"));
  agent.fail(cutAfterEvents(3), ...Array.from({ length: 30 }, () => status(401)));
  await openThread.send("question");
  expect(answer().problem.value?.remedy).toBe("sign-in");
  expect(answer().retryMode.value).toBe("resume");
  expect(renewals).toBe(1);
});

test("Stop of a message whose answer was lost stops the model too, in case the agent has it", async () => {
  const { agent, net, openThread, answer } = open();
  agent.answerWith(undefined);
  let hoping = false;
  net.network.waitForOnline = (_, signal) => {
    hoping = true;
    return new Promise((_resolve, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason as Error)),
    );
  };
  agent.fail(lostAfterwards);
  const sent = openThread.send("question");
  await expect.poll(() => hoping).toBe(true);
  openThread.stop();
  await sent;
  expect(answer().state.value).toBe("stopped");
  await expect
    .poll(() => agent.runs[0]?.events.at(-1))
    .toMatchObject({ outcome: { type: "cancelled" } });
});

test.each([
  ["replace", "regenerate"],
  ["resend", "resend"],
  ["none", "resend"],
] as const)("a failed run whose error says %s is asked for again so", async (retry, retryMode) => {
  const { agent, openThread, answer } = open();
  agent.answerWith(undefined);
  const sent = openThread.send("question");
  await begun(agent);
  agent.announce("Half");
  const code = "model_unavailable";
  agent.end({ type: "RUN_ERROR", code, message: "No.", metadata: { retry } } as AgentEvent);
  await sent;
  expect(answer().retryMode.value).toBe(retryMode);
  const first = answer().runId;
  agent.answerWith(() => words("Whole"));
  await openThread.retry();
  expect(answer().runId === first).toBe(retryMode === "resend");
});
