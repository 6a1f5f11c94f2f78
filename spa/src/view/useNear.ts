import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { whenNear } from "../near";

/** False until the element has been in view or nearly so; true from then on. */
export function useNear(element: RefObject<Element | null>, from: boolean): boolean {
  const [near, setNear] = useState(from);
  useLayoutEffect(() => {
    if (near || !element.current) return undefined;
    return whenNear(element.current, () => setNear(true));
  }, [near, element]);
  return near;
}
