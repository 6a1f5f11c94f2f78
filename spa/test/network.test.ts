import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { network } from "../src/api/network";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function isOver(wait: Promise<void>): Promise<boolean> {
  let over = false;
  void wait.then(
    () => {
      over = true;
    },
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(0);
  return over;
}

test("a hopeful wait ends when its time is over, the network is back, or the tab is looked at", async () => {
  const timed = network.waitForOnline(1_000);
  expect(await isOver(timed)).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await isOver(timed)).toBe(true);

  const connected = network.waitForOnline(8_000);
  dispatchEvent(new Event("online"));
  expect(await isOver(connected)).toBe(true);

  const seen = network.waitForOnline(8_000);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(await isOver(seen)).toBe(true);
});

test("a plain wait ends by its time alone, and an abort breaks either", async () => {
  const plain = network.pause(1_000);
  dispatchEvent(new Event("online"));
  expect(await isOver(plain)).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await isOver(plain)).toBe(true);

  const abort = new AbortController();
  const waits = [network.pause(1_000, abort.signal), network.waitForOnline(1_000, abort.signal)];
  const broken = Promise.allSettled(waits);
  abort.abort();
  expect((await broken).map((each) => each.status)).toEqual(["rejected", "rejected"]);
  await expect(network.pause(1_000, abort.signal)).rejects.toThrow();
});

test("F7: heartbeats keep a stream; 45 seconds without any end it, once", async () => {
  const lost = vi.fn();
  const watch = network.watch(lost);
  for (let seconds = 0; seconds < 300; seconds += 10) {
    await vi.advanceTimersByTimeAsync(10_000);
    watch.heard();
  }
  expect(lost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(44_000);
  expect(lost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(lost).toHaveBeenCalledOnce();
});

test("a tab that is seen again does not wait for the rest of the silence", async () => {
  const lost = vi.fn();
  const watch = network.watch(lost);
  await vi.advanceTimersByTimeAsync(12_000);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(lost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(6_000);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(lost).toHaveBeenCalledOnce();
  watch.end();
});

test("a stream that said nothing since the network went is given up when it is back", async () => {
  const lost = vi.fn();
  const watch = network.watch(lost);
  dispatchEvent(new Event("offline"));
  watch.heard();
  dispatchEvent(new Event("online"));
  expect(lost).not.toHaveBeenCalled();
  dispatchEvent(new Event("offline"));
  dispatchEvent(new Event("online"));
  expect(lost).toHaveBeenCalledOnce();
});

test("a stream that has ended is watched no more", async () => {
  const lost = vi.fn();
  network.watch(lost).end();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(lost).not.toHaveBeenCalled();
});
