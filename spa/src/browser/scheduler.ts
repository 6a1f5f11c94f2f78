const jobs: (() => void)[] = [];

/** Runs a short job when the page has nothing better to do: one at a time, in order. */
export function whenIdle(job: () => void): void {
  jobs.push(job);
  if (jobs.length === 1) request();
}

function request(): void {
  // Safari has no idle callbacks.
  if ("requestIdleCallback" in globalThis) requestIdleCallback(runOne, { timeout: 1000 });
  else setTimeout(runOne, 50);
}

function runOne(): void {
  const job = jobs[0];
  try {
    job?.();
  } finally {
    jobs.shift();
    if (jobs.length > 0) request();
  }
}

/** Lets all else that waits have its turn. Unlike a timer it does not rest in a tab that nobody sees. */
export function giveWay(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
