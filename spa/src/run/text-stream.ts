/** Receives a text piece by piece, then once its end. */
export interface TextSink {
  append(text: string): void;
  close(): void;
}

/**
 * A text that grows: what the conversation writes and a view reads.
 *
 * Deltas go straight to the one view that shows the text, past components and signals, because they
 * come hundreds of times a second. A view that comes late or again is given the text so far first.
 */
export class TextStream implements TextSink {
  #text = "";
  #closed = false;
  #sink: TextSink | undefined;

  /** A text that is complete. */
  static of(text: string): TextStream {
    const stream = new TextStream();
    stream.append(text);
    stream.close();
    return stream;
  }

  get text(): string {
    return this.#text;
  }

  append(text: string): void {
    this.#text += text;
    this.#sink?.append(text);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sink?.close();
  }

  /** Returns the function that ends it. */
  pipe(sink: TextSink): () => void {
    this.#sink = sink;
    if (this.#text) sink.append(this.#text);
    if (this.#closed) sink.close();
    return () => {
      if (this.#sink === sink) this.#sink = undefined;
    };
  }
}
