/** Out of sight for so long, a page may be behind what was done at another machine. */
const LONG_MS = 5 * 60_000;

/**
 * Watches for the moments in which a page comes back to what may have changed meanwhile.
 *
 * @param onNetwork the machine has a network again
 * @param onSeen the page was out of sight for long, or comes out of the browser's back/forward cache
 * @returns ends the watching
 */
export function watchPageLifecycle(onNetwork: () => void, onSeen: () => void): () => void {
  let hiddenAt: number | undefined;
  const onVisibility = () => {
    if (document.hidden) {
      hiddenAt = Date.now();
      return;
    }
    if (hiddenAt !== undefined && Date.now() - hiddenAt > LONG_MS) onSeen();
    hiddenAt = undefined;
  };
  // Kept as it was, it has heard nothing from its tab's neighbours.
  const onShow = ({ persisted }: PageTransitionEvent) => persisted && onSeen();
  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("pageshow", onShow);
  addEventListener("online", onNetwork);
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    removeEventListener("pageshow", onShow);
    removeEventListener("online", onNetwork);
  };
}
