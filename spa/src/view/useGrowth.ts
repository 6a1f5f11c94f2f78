import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");

/** A field grows with its text, where the browser's style cannot do it. */
export function useGrowth(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const area = field.current;
    if (GROWS_BY_ITSELF || !area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text, field]);
}
