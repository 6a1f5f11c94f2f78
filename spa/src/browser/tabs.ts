/** What the tabs of one person tell each other: that something has changed, never what was said. */
export type TabEvent =
  | { readonly kind: "run-started" | "run-ended"; readonly threadId: string }
  | { readonly kind: "list-changed" }
  | { readonly kind: "deleted"; readonly threadId: string }
  | { readonly kind: "signed-out" };

export interface Tabs {
  tell(event: TabEvent): void;
  close(): void;
}

/** @param owner tabs of another person are not spoken with */
export function createTabs(owner: string, onTabEvent: (event: TabEvent) => void): Tabs {
  const channel = new BroadcastChannel(`sluice.${owner}`);
  channel.onmessage = ({ data }: MessageEvent<TabEvent>) => onTabEvent(data);
  let isClosed = false;
  return {
    tell(event) {
      // What ends after signing out is nobody's business.
      if (!isClosed) channel.postMessage(event);
    },
    close() {
      isClosed = true;
      channel.close();
    },
  };
}
