import type { AgentEvent } from "../src/api/events";

/** A reproducible source of random numbers in [0, 1): a failing case can be run again (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Cuts a sequence at random places; pieces may be empty. */
export function cut<T extends { length: number; slice(from: number, to?: number): T }>(
  random: () => number,
  whole: T,
): T[] {
  const count = Math.floor(random() * 8);
  const places = Array.from({ length: count }, () =>
    Math.floor(random() * (whole.length + 1)),
  ).toSorted((a, b) => a - b);
  return [0, ...places].map((from, i) => whole.slice(from, places[i]));
}

export function frames(events: readonly AgentEvent[]): string {
  return events.map((event, i) => `id: ${i + 1}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

/** Another tab's sessionStorage. */
export function memory(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  } as unknown as Storage;
}

/** A sessionStorage that takes nothing more. */
export function fullStorage(): Storage {
  const { sessionStorage } = globalThis;
  return {
    get length() {
      return sessionStorage.length;
    },
    key: (index) => sessionStorage.key(index),
    getItem: (key) => sessionStorage.getItem(key),
    removeItem: (key) => sessionStorage.removeItem(key),
    clear: () => sessionStorage.clear(),
    setItem() {
      throw new DOMException("", "QuotaExceededError");
    },
  };
}

const run = { threadId: "t", runId: "r" };
export const started: AgentEvent = { type: "RUN_STARTED", ...run };
export const finished: AgentEvent = { type: "RUN_FINISHED", ...run };

export function text(delta: string, messageId = "m"): AgentEvent {
  return { type: "TEXT_MESSAGE_CONTENT", messageId, delta };
}

/** An answer whose body arrives in the given pieces and then ends, or breaks when `error` is given. */
export function streamed(pieces: readonly string[], error?: Error): Response {
  const encoder = new TextEncoder();
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces[next];
      next += 1;
      if (piece !== undefined) controller.enqueue(encoder.encode(piece));
      else if (error) controller.error(error);
      else controller.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}
