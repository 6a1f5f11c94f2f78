import type { StoredMessage, StoredRun } from "../src/api/stored";
import type { Run } from "./wire";

/** How the fake agent's history has a run's end. */
export function endOf(run: Run) {
  const last = run.events.at(-1);
  if (last?.type === "RUN_FINISHED" && last.outcome?.type === "cancelled")
    return { state: "stopped" } as const;
  if (last?.type === "RUN_FINISHED")
    return { state: "finished", endedAt: "2026-11-22T19:00:01.000Z" } as const;
  if (last?.type !== "RUN_ERROR") return { state: "running" } as const;
  const { code = "", message } = last;
  const state = code === "interrupted" ? "interrupted" : "failed";
  return { state, error: { code, message } } as const;
}

/** And what the model said in it. */
export function saidIn(run: Run): StoredMessage[] {
  const said = new Map<string, string>();
  for (const event of run.events) {
    if (event.type === "TEXT_MESSAGE_CONTENT")
      said.set(event.messageId, (said.get(event.messageId) ?? "") + event.delta);
  }
  return [...said].map(([id, content]) => ({ id, role: "assistant", content }));
}

/** A run whose calls have one id: two of one message, one of the next, one without a result, one more. */
export function repeatedIds(): StoredRun {
  const calling = (id: string, ...args: string[]): StoredMessage => ({
    id,
    role: "assistant",
    content: "",
    toolCalls: args.map((each) => ({
      id: "call_0",
      function: { name: "calculator", arguments: each },
    })),
  });
  const result = (content: string, fields = {}): StoredMessage => ({
    id: `result ${content}`,
    role: "tool",
    toolCallId: "call_0",
    content,
    ...fields,
  });
  return {
    runId: "r",
    state: "finished",
    startedAt: "2026-11-22T19:00:00.000Z",
    messages: [
      { id: "q", role: "user", content: "What are they?" },
      calling("m1", "1", "2"),
      result("one"),
      result("", { content: "", error: "two" }),
      calling("m2", "3"),
      result("three"),
      calling("m3", "4"),
      calling("m4", "5"),
      result("five"),
    ],
  };
}
