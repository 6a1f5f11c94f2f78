/** What the page knows of its network, and the waits that follow from it. Replaced in tests, which do not sleep. */
export interface Network {
  /** False when the machine says that it has no network. True promises nothing. */
  online(): boolean;
  /** Rejects when the signal aborts. */
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** As `pause`, but ends at once when there is reason to hope: the network is back, or the tab is looked at again. */
  waitForOnline(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Watches a stream that must never be silent for long. Calls `lost` at most once. */
  watch(lost: () => void): Watch;
}

export interface Watch {
  /** Something has arrived. */
  heard(): void;
  end(): void;
}

/** Heartbeats come every 10 seconds (docs/wire.md): after four and a half of them missing, nothing will. */
const SILENCE_MS = 45_000;
/** Timers rest in a tab that nobody sees; when it is seen again, one missing heartbeat is enough. */
const SILENCE_WHEN_SEEN_MS = 15_000;
const LOOK_EVERY_MS = 5_000;

export const network: Network = {
  online: () => navigator.onLine,
  pause: (milliseconds, signal) => wait(milliseconds, signal, false),
  waitForOnline: (milliseconds, signal) => wait(milliseconds, signal, true),

  watch(lost) {
    let last = performance.now();
    let wasOffline = false;
    const give = () => {
      watch.end();
      lost();
    };
    const lookAfter = (limit: number) => performance.now() - last > limit && give();
    const timer = setInterval(() => lookAfter(SILENCE_MS), LOOK_EVERY_MS);
    const onSeen = () => !document.hidden && lookAfter(SILENCE_WHEN_SEEN_MS);
    const onOffline = () => {
      wasOffline = true;
    };
    const onOnline = () => wasOffline && give();
    document.addEventListener("visibilitychange", onSeen);
    addEventListener("offline", onOffline);
    addEventListener("online", onOnline);
    const watch: Watch = {
      heard() {
        last = performance.now();
        wasOffline = false;
      },
      end() {
        clearInterval(timer);
        document.removeEventListener("visibilitychange", onSeen);
        removeEventListener("offline", onOffline);
        removeEventListener("online", onOnline);
      },
    };
    return watch;
  },
};

function wait(
  milliseconds: number,
  signal: AbortSignal | undefined,
  untilOnline: boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (untilOnline) {
        removeEventListener("online", onOnlineAgain);
        document.removeEventListener("visibilitychange", onSeen);
      }
      settle();
    };
    const onAbort = () => end(() => reject(signal?.reason as Error));
    const onOnlineAgain = () => end(resolve);
    const onSeen = () => !document.hidden && onOnlineAgain();
    const timer = setTimeout(onOnlineAgain, milliseconds);
    signal?.addEventListener("abort", onAbort);
    if (!untilOnline) return;
    addEventListener("online", onOnlineAgain);
    document.addEventListener("visibilitychange", onSeen);
  });
}
