import type { StoredMessage } from "../src/wire/stored";
import type { Run } from "./wire";

/** How the fake agent's history has a run's end. */
export function endOf(run: Run) {
  const last = run.events.at(-1);
  if (last?.type === "RUN_FINISHED")
    return { state: "finished", endedAt: "2026-11-22T19:00:01.000Z" } as const;
  if (last?.type !== "RUN_ERROR") return { state: "running" } as const;
  const { code = "", message } = last;
  if (code === "stopped") return { state: "stopped" } as const;
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
