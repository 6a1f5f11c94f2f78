import { type ReadonlySignal, signal } from "@preact/signals";

/** Beside the conversation on a wide page; over it, and closed at first, on a narrow one. */
const WIDE = matchMedia("(min-width: 56rem)");
/** A choice, like a theme; nothing of what is said. */
const STORED = "sluice.sidebar";

const wide = signal(WIDE.matches);
const open = signal(WIDE.matches && localStorage.getItem(STORED) !== "closed");

WIDE.addEventListener("change", () => {
  wide.value = WIDE.matches;
  open.value = WIDE.matches && localStorage.getItem(STORED) !== "closed";
});

export const sidebarIsWide: ReadonlySignal<boolean> = wide;
export const sidebarIsOpen: ReadonlySignal<boolean> = open;

/** @param wanted the other way round by default */
export function toggleSidebar(wanted = !open.value): void {
  open.value = wanted;
  if (!wide.value) return;
  if (wanted) localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, "closed");
}

/** After a choice was made in it, the drawer has done its work. */
export function closeDrawer(): void {
  if (!wide.value) open.value = false;
}
