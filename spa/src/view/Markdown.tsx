import { effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { language } from "../i18n";
import type { MarkdownView } from "../markdown/view";
import type { Part } from "../run/run-view";

const loaded = signal<typeof MarkdownView | undefined>(undefined);
let loading: Promise<void> | undefined;

/** Fetches what reads markdown: a third of the page, and not needed for its first paint. */
export function loadMarkdown(): Promise<void> {
  loading ??= import("../markdown/view").then(
    (module) => {
      loaded.value = module.MarkdownView;
    },
    () => {
      // Text stays as it was written; the next answer tries again.
      loading = undefined;
    },
  );
  return loading;
}

/** Mounts a markdown view and stays out of its way: what streams never renders a component. */
export function Markdown({
  part,
  sources,
}: {
  part: ReadonlySignal<Part | undefined>;
  sources?: ReadonlySignal<readonly unknown[]>;
}) {
  const root = useRef<HTMLDivElement>(null);
  // Its buttons have words, which another language says otherwise.
  const words = language.value;
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    if (!loaded.peek()) void loadMarkdown();
    let view: MarkdownView | undefined;
    const end = effect(() => {
      const View = loaded.value;
      const written = part.value;
      if (!written || written.kind === "tool") return;
      const { text, isClosed } = written;
      if (!View) {
        element.textContent = text;
        return;
      }
      if (!view) element.replaceChildren();
      view ??= new View(element, undefined, undefined, () => sources?.peek() ?? []);
      const shown = view;
      untracked(() => shown.show(text, isClosed));
    });
    return () => {
      end();
      element.replaceChildren();
    };
  }, [part, sources, words]);
  return <div class="markdown" ref={root} dir="auto" />;
}
