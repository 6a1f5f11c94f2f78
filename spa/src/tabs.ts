/** What the tabs of one person tell each other: that something has changed, never what was said. */
export type News =
  | { readonly kind: "run-started" | "run-ended"; readonly threadId: string }
  | { readonly kind: "list-changed" }
  | { readonly kind: "deleted"; readonly threadId: string }
  | { readonly kind: "signed-out" };

export interface Tabs {
  tell(news: News): void;
  close(): void;
}

/** @param owner tabs of another person are not spoken with */
export function createTabs(owner: string, onNews: (news: News) => void): Tabs {
  const channel = new BroadcastChannel(`sluice.${owner}`);
  channel.onmessage = ({ data }: MessageEvent<News>) => onNews(data);
  let isClosed = false;
  return {
    tell(news) {
      // What ends after signing out is nobody's business.
      if (!isClosed) channel.postMessage(news);
    },
    close() {
      isClosed = true;
      channel.close();
    },
  };
}
