import { type ReadonlySignal, signal } from "@preact/signals";

/** Nearer to the end than this counts as being there: fractional pixels, a last line's margin. */
const AT_END_PX = 32;

export interface Follower {
  /** True while the reader is at the end and the page keeps them there. */
  readonly following: ReadonlySignal<boolean>;
  toEnd(): void;
  /** Starts to watch; returns the function that ends it. */
  watch(scroller: HTMLElement, content: HTMLElement): () => void;
}

/**
 * Keeps a growing page at its end for as long as the reader is there, and yields as soon as they
 * scroll up. Only a movement upwards is taken for theirs: growth alone moves nothing.
 */
export function createFollower(): Follower {
  const following = signal(true);
  let scroller: HTMLElement | undefined;
  let lastTop = 0;

  function stickToEnd(): void {
    if (!scroller || !following.value) return;
    scroller.scrollTop = scroller.scrollHeight;
    lastTop = scroller.scrollTop;
  }

  function onScroll(): void {
    if (!scroller) return;
    if (distanceToEnd(scroller) <= AT_END_PX) following.value = true;
    else if (scroller.scrollTop < lastTop) following.value = false;
    lastTop = scroller.scrollTop;
  }

  return {
    following,
    toEnd() {
      following.value = true;
      stickToEnd();
    },
    watch(element, content) {
      scroller = element;
      // Runs after layout and before paint, so that growth and scrolling are seen as one.
      const observer = new ResizeObserver(stickToEnd);
      observer.observe(content);
      // The scroller itself shrinks when the composer grows or a keyboard opens.
      observer.observe(element);
      element.addEventListener("scroll", onScroll, { passive: true });
      return () => {
        observer.disconnect();
        element.removeEventListener("scroll", onScroll);
        scroller = undefined;
      };
    },
  };
}

function distanceToEnd(scroller: HTMLElement): number {
  return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
}
