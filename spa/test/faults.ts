import type { Fault } from "./wire";

export const down: Fault = () => Promise.reject(new TypeError("Failed to fetch"));
export const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  () =>
    new Response("{}", { status: code, headers });
/** The agent takes the request, and its answer never comes. */
export const lostAfterwards: Fault = (_, answer) => {
  answer();
  return Promise.reject(new TypeError("Failed to fetch"));
};

export type RunError = "break" | "close" | "nonsense";

/** Ends an answer after so many bytes, in one of the ways in which streams end too early. */
export function cutAfter(bytes: number, ending: RunError): Fault {
  return (_, answer) => {
    const whole = answer();
    const reader = whole.body?.getReader();
    let left = bytes;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const chunk = left > 0 ? await reader?.read() : undefined;
        if (chunk?.value) {
          controller.enqueue(chunk.value.slice(0, left));
          left -= chunk.value.length;
          return;
        }
        if (chunk?.done || ending === "close") controller.close();
        else if (ending === "break") controller.error(new TypeError("network error"));
        else {
          controller.enqueue(new TextEncoder().encode("\n\ndata: {nonsense\n\n"));
          controller.close();
        }
      },
    });
    return new Response(body);
  };
}

/** Breaks an answer off after so many events. */
export function cutAfterEvents(events: number): Fault {
  return (_, answer) => {
    const reader = answer().body?.getReader();
    let left = events;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        // The agent's chunks are its frames.
        const chunk = left > 0 ? await reader?.read() : undefined;
        left -= 1;
        if (chunk?.value) controller.enqueue(chunk.value);
        else controller.error(new TypeError("network error"));
      },
    });
    return new Response(body);
  };
}
