// What a person would notice, counted inside the page: long tasks, late frames, slow keys.
globalThis.watched = (() => {
  const FRAME_MS = 1000 / 60;
  let tasks = [];
  let keys = [];
  let dropped = 0;
  let finished = 0;
  let running = false;
  let last = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push(entry.duration);
  }).observe({ type: "longtask" });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (entry.name === "keydown") keys.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
  const frame = (now) => {
    if (!running) return;
    if (last) dropped += Math.max(0, Math.round((now - last) / FRAME_MS) - 1);
    last = now;
    requestAnimationFrame(frame);
  };
  const changed = (changes) => {
    for (const { target } of changes)
      if (target.dataset.state === "finished" && !finished)
        // After the frame in which it shows. Said aloud, so that nobody has to look again and again.
        requestAnimationFrame(() =>
          setTimeout(() => {
            finished = Date.now();
            console.info("finished");
          }),
        );
  };
  return {
    start() {
      tasks = [];
      keys = [];
      dropped = finished = last = 0;
      running = true;
      requestAnimationFrame(frame);
      new MutationObserver(changed).observe(document.body, {
        subtree: true,
        attributeFilter: ["data-state"],
      });
    },
    stop() {
      running = false;
      return { tasks, dropped, finished, typing: Math.max(0, ...keys) };
    },
  };
})();
