/** Half a screen to several: enough time to draw before it is scrolled to. */
const MARGIN = "1200px 0px";

const waiting = new WeakMap<Element, () => void>();
let observer: IntersectionObserver | undefined;

/**
 * Calls once when an element is in view or nearly so. Returns the function that ends the wait.
 *
 * One observer for all: each of its own would be asked anew with every frame.
 */
export function whenVisible(element: Element, act: () => void): () => void {
  observer ??= new IntersectionObserver(onChange, {
    rootMargin: MARGIN,
    // For what scrolls inside the page. Browsers without it draw when the element comes into view.
    scrollMargin: MARGIN,
  } as IntersectionObserverInit);
  waiting.set(element, act);
  observer.observe(element);
  return () => forget(element);
}

function onChange(entries: readonly IntersectionObserverEntry[]): void {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    const act = waiting.get(entry.target);
    forget(entry.target);
    act?.();
  }
}

function forget(element: Element): void {
  waiting.delete(element);
  observer?.unobserve(element);
}
