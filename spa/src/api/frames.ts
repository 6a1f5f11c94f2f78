import { createParser } from "eventsource-parser";

/** One server-sent event. `id` is the event's number within its run: 1, 2, 3 ... */
export interface Frame {
  readonly id: string | undefined;
  readonly data: string;
}

export interface FrameDecoder {
  /** Takes bytes as they come, cut anywhere: inside a character, a CRLF, a field or a frame. */
  push(bytes: Uint8Array): void;
}

/**
 * Turns a byte stream into frames, as the HTML standard's "Server-sent events" defines them.
 *
 * A frame whose closing blank line never came is incomplete and is dropped, so nothing is to be done
 * when the stream ends.
 *
 * @param onComment called for each comment: the server's heartbeats
 */
export function createFrameDecoder(
  onFrame: (frame: Frame) => void,
  onComment: () => void = () => undefined,
): FrameDecoder {
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent: ({ id, data }) => onFrame({ id, data }), onComment });
  return { push: (bytes) => parser.feed(decoder.decode(bytes, { stream: true })) };
}
