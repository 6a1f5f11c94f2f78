import { useLayoutEffect, useRef } from "preact/hooks";
import { MarkdownView } from "../markdown/view";
import type { TextStream } from "../text-stream";

/** Mounts a markdown view and stays out of its way: what streams never renders a component. */
export function Markdown({ stream }: { stream: TextStream }) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    const end = stream.pipe(new MarkdownView(element));
    return () => {
      end();
      element.replaceChildren();
    };
  }, [stream]);
  return <div class="markdown" ref={root} dir="auto" />;
}
