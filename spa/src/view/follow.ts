import { type ReadonlySignal, signal } from "@preact/signals";

/** Nearer to the end than this counts as being there: fractional pixels, a last line's margin. */
const AT_END_PX = 32;
/** What unfolds something when it is clicked. */
const UNFOLDS = "summary, [aria-expanded]";
/** Between what was unfolded and the end of the view, which fades out. */
const CLEARANCE_PX = 28;
/** What is unfolded moves its own button up by so much of the view at most. */
const REVEALED = 0.5;

export interface Follower {
  /** True while the reader is at the end and the page keeps them there. */
  readonly following: ReadonlySignal<boolean>;
  toEnd(): void;
  /** Starts to watch; returns the function that ends it. */
  watch(scroller: HTMLElement, content: HTMLElement): () => void;
}

/**
 * Keeps a growing page at its end for as long as the reader is there, and yields as soon as they
 * scroll up. Only a movement upwards is taken for theirs: growth alone moves nothing. What they unfold
 * stays where it is, too, instead of being pushed up by what it held: it moves only as far as it must
 * for that to be seen.
 */
export function createFollower(): Follower {
  const following = signal(true);
  let scroller: HTMLElement | undefined;
  let lastTop = 0;
  /** What was clicked in the last two frames to unfold something, and how far up it may yet move. */
  let unfolding: { readonly button: Element; room: number } | undefined;

  function onResize(): void {
    stickToEnd();
    reveal();
  }

  function stickToEnd(): void {
    // What was unfolded and is folded again leaves them at the end as before.
    resume();
    if (!scroller || !following.value) return;
    // A conversation that has not begun is read from its top.
    if (!scroller.querySelector("article")) {
      scroller.scrollTop = 0;
      return;
    }
    scroller.scrollTop = scroller.scrollHeight;
    lastTop = scroller.scrollTop;
  }

  function reveal(): void {
    if (!scroller || !unfolding) return;
    const end = endOfUnfolded(unfolding.button);
    const hidden = end + CLEARANCE_PX - scroller.getBoundingClientRect().bottom;
    // While an answer is written, its next line would take the page along from where this leads.
    if (hidden <= 0 || scroller.querySelector("[aria-busy=true]")) return;
    const distance = Math.min(hidden, unfolding.room);
    unfolding.room -= distance;
    scroller.scrollTop += distance;
    lastTop = scroller.scrollTop;
  }

  function onClick(event: Event): void {
    const button = event.target instanceof Element && event.target.closest(UNFOLDS);
    if (!scroller || !button) return;
    following.value = false;
    unfolding = { button, room: scroller.clientHeight * REVEALED };
    // Two frames on, it has unfolded: on a page that still fits, they are at the end all the same.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        reveal();
        unfolding = undefined;
        resume();
      }),
    );
  }

  function resume(): void {
    if (scroller && distanceToEnd(scroller) <= AT_END_PX) following.value = true;
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
      const observer = new ResizeObserver(onResize);
      observer.observe(content);
      // The scroller itself shrinks when the composer grows or a keyboard opens.
      observer.observe(element);
      element.addEventListener("scroll", onScroll, { passive: true });
      content.addEventListener("click", onClick);
      return () => {
        observer.disconnect();
        content.removeEventListener("click", onClick);
        element.removeEventListener("scroll", onScroll);
        scroller = undefined;
      };
    },
  };
}

function distanceToEnd(scroller: HTMLElement): number {
  return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
}

/** Where what a button unfolds ends, in pixels from the top of the window; nowhere if it is folded. */
function endOfUnfolded(button: Element): number {
  const isExpanded = button.getAttribute("aria-expanded") === "true";
  const unfolded = isExpanded
    ? document.getElementById(button.getAttribute("aria-controls") ?? "")
    : button.closest("details[open]");
  return unfolded?.getBoundingClientRect().bottom ?? Number.NEGATIVE_INFINITY;
}
