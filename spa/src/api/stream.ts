import { batch } from "@preact/signals";
import { giveWay } from "../browser/scheduler";
import type { Listener } from "../run/outcome";
import { MalformedEvent, parseEvent } from "./events";
import { createFrameDecoder } from "./frames";
import type { Network } from "./network";

/** How far a run has come at this page, over all the streams that it took. */
export interface Progress {
  /** The number of the last event that arrived. 0: none, or the server gives no numbers. */
  last: number;
  /** The highest of these numbers: a run that is told again from its beginning has got no further. */
  furthest: number;
  /** The agent has taken the message: from now on the run is resumed, never sent again. */
  begun: boolean;
}

/** After so many bytes, some 200 events, a key is taken and a frame is drawn. */
const BYTES_AT_ONCE = 32 * 1024;

/** What one stream came to: the run's end; a refusal to go on with it; or neither, because it was cut. */
export type Reading =
  | { readonly kind: "ended" }
  | { readonly kind: "refused"; readonly code: string | undefined }
  | { readonly kind: "cut"; readonly moved: boolean };

/**
 * Reads a stream to its terminal event.
 *
 * A clean end without one, a broken transport, a long silence, a gap in the numbers and a frame that
 * is no event are all the same to the reader: the rest of the answer has to be asked for.
 */
export async function readStream(
  answer: Response,
  progress: Progress,
  listener: Listener,
  network: Network,
): Promise<Reading> {
  let reading: Reading | undefined;
  let moved = false;

  const decoder = createFrameDecoder(
    ({ id, data }) => {
      if (reading) return;
      const event = parseEvent(data);
      const number = Number(id ?? 0);
      const replays = number === 1 && event?.type === "RUN_STARTED";
      // An error that does not follow what has arrived is about the request, not the run's end; and
      // every run begins with something else.
      const next = Math.max(progress.last, 1) + 1;
      if (progress.begun && number > 0 && number < next && event?.type === "RUN_ERROR") {
        reading = { kind: "refused", code: event.code };
        return;
      }
      if (number > 0 && !replays) {
        if (number <= progress.last) return;
        if (number > progress.last + 1) throw new MalformedEvent("events are missing");
      }
      if (number > 0) progress.last = number;
      if (number > Math.max(1, progress.furthest)) {
        progress.furthest = number;
        moved = true;
      }
      if (!event) return;
      // An agent that shuts down refuses so what it has not taken: the next one takes it.
      if (!progress.begun && event.type === "RUN_ERROR" && event.code === "interrupted") {
        reading = { kind: "refused", code: event.code };
        return;
      }
      if (event.type !== "RUN_ERROR") progress.begun = true;
      if (event.type === "RUN_FINISHED" || event.type === "RUN_ERROR") reading = { kind: "ended" };
      listener.event(event);
    },
    () => {
      moved = true;
    },
  );

  const reader = answer.body?.getReader();
  const abandon = () => void reader?.cancel().catch(() => undefined);
  const watch = network.watch(abandon);
  let bytes = 0;
  while (reader && !reading) {
    const chunk = await reader.read().catch(() => undefined);
    if (!chunk || chunk.done) break;
    watch.heard();
    try {
      // What arrives together is drawn together.
      batch(() => {
        listener.connection("live");
        decoder.push(chunk.value);
      });
    } catch (error) {
      if (!(error instanceof MalformedEvent)) reportError(error);
      break;
    }
    // Reading what is there already never waits, however much it is.
    bytes += chunk.value.byteLength;
    if (bytes > BYTES_AT_ONCE) {
      await giveWay();
      bytes = 0;
    }
  }
  watch.end();
  abandon();
  return reading ?? { kind: "cut", moved };
}
