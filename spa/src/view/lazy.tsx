import { type Signal, signal } from "@preact/signals";
import type { ComponentType } from "preact";

/** A component whose code is fetched when it is first drawn; until then, nothing is in its place. */
export function lazy<P extends object>(fetchIt: () => Promise<ComponentType<P>>): ComponentType<P> {
  const fetched: Signal<ComponentType<P> | undefined> = signal(undefined);
  let isAsked = false;

  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    fetchIt().then(
      (component) => {
        fetched.value = component;
      },
      () => {
        // The next drawing asks again.
        isAsked = false;
      },
    );
  }

  return function Lazy(props: P) {
    const Component = fetched.value;
    if (!Component) ask();
    return Component ? <Component {...props} /> : null;
  };
}
