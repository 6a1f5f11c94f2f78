// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** What a frame costs besides what is drawn in it: style, layout, paint. */
let paintMs: number;
let drawn: number[];
let beforePaint: (render: () => void) => void;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) =>
    setTimeout(
      () => {
        frame();
        vi.setSystemTime(Date.now() + paintMs);
      },
      16 - (performance.now() % 16),
    ),
  );
  vi.spyOn(performance, "now").mockImplementation(() => Date.now());
  vi.setSystemTime(0);
  vi.resetModules();
  ({ beforePaint } = await import("../src/markdown/schedule"));
  drawn = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Draws again and again for so many milliseconds. */
function stream(milliseconds: number): void {
  const retryMode = () =>
    beforePaint(() => {
      drawn.push(Date.now());
      retryMode();
    });
  retryMode();
  vi.advanceTimersByTime(milliseconds);
}

test("where painting is fast, each frame is drawn", () => {
  paintMs = 2;
  stream(500);
  const gaps = drawn.slice(1).map((at, i) => at - (drawn[i] as number));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(18);
});

test("where painting is slow, it takes half of the time and no more", () => {
  paintMs = 60;
  stream(3000);
  expect(drawn.length).toBeGreaterThan(5);
  const gaps = drawn.slice(2).map((at, i) => at - (drawn[i + 1] as number));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2 * paintMs - 16);
});
