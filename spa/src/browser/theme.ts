import { type ReadonlySignal, signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "sluice.theme";
/** The page's ground in each theme, for what the browser draws around it (styles/base.css). */
const GROUNDS = { light: "#ffffff", dark: "#15191b" };

const chosen = signal<Theme>("system");

export const theme: ReadonlySignal<Theme> = chosen;

/** Call once, before the first rendering. */
export function startTheme(): void {
  const stored = localStorage.getItem(STORED);
  apply(THEMES.find((each) => each === stored) ?? "system");
}

export function chooseTheme(next: Theme): void {
  localStorage.setItem(STORED, next);
  apply(next);
}

function apply(next: Theme): void {
  chosen.value = next;
  document.documentElement.dataset.theme = next;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = meta.media.includes("dark") ? "dark" : "light";
    meta.content = GROUNDS[next === "system" ? own : next];
  }
}
