/**
 * Keeps the page as high as what an on-screen keyboard leaves of it, as `--visible-height`. Chromium
 * and Firefox resize the page themselves (interactive-widget in index.html); Safari lays the keyboard
 * over it and scrolls it away instead. Returns the function that ends it.
 */
export function fitToKeyboard(view: VisualViewport | null = visualViewport): () => void {
  if (!view) return () => undefined;
  const { style } = document.documentElement;
  const fit = () => {
    // Pinching makes the visible part smaller too, and is to change nothing.
    if (Math.abs(view.scale - 1) > 0.01) return;
    style.setProperty("--visible-height", `${view.height}px`);
    if (view.offsetTop > 0) scrollTo(0, 0);
  };
  fit();
  view.addEventListener("resize", fit);
  return () => {
    view.removeEventListener("resize", fit);
    style.removeProperty("--visible-height");
  };
}
