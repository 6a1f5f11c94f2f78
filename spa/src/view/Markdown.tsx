import { useLayoutEffect, useRef } from "preact/hooks";
import { language } from "../i18n";
import type { MarkdownView } from "../markdown/view";
import type { TextSink, TextStream } from "../run/text-stream";

let View: typeof MarkdownView | undefined;
let loading: Promise<void> | undefined;

/** Fetches what reads markdown: a third of the page, and not needed for its first paint. */
export function loadMarkdown(): Promise<void> {
  loading ??= import("../markdown/view").then(
    (module) => {
      View = module.MarkdownView;
    },
    () => {
      // Text stays as it was written; the next answer tries again.
      loading = undefined;
    },
  );
  return loading;
}

/** Mounts a markdown view and stays out of its way: what streams never renders a component. */
export function Markdown({ stream }: { stream: TextStream }) {
  const root = useRef<HTMLDivElement>(null);
  // Its buttons have words, which another language says otherwise.
  const words = language.value;
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    let end = stream.pipe(sinkFor(element));
    let gone = false;
    if (!View) {
      void loadMarkdown().then(() => {
        if (gone || !View) return;
        end();
        element.replaceChildren();
        end = stream.pipe(sinkFor(element));
      });
    }
    return () => {
      gone = true;
      end();
      element.replaceChildren();
    };
  }, [stream, words]);
  return <div class="markdown" ref={root} dir="auto" />;
}

function sinkFor(element: HTMLElement): TextSink {
  if (View) return new View(element);
  const text = element.appendChild(document.createTextNode(""));
  return { append: (more) => text.appendData(more), close: () => undefined };
}
