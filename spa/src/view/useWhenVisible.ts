import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { whenVisible } from "../browser/when-visible";

/** False until the element has been in view or nearly so; true from then on. */
export function useWhenVisible(element: RefObject<Element | null>, from: boolean): boolean {
  const [near, setNear] = useState(from);
  useLayoutEffect(() => {
    if (near || !element.current) return undefined;
    return whenVisible(element.current, () => setNear(true));
  }, [near, element]);
  return near;
}
