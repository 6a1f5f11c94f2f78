/** Drawing may take so much of the page's time; the rest is for reading on, typing and scrolling. */
const SHARE = 0.5;
const FRAME_MS = 1000 / 60;

/** Measuring a frame costs a task: one in so many is enough. */
const MEASURED_EVERY = 4;

/** When the next drawing may begin, by performance.now(). Of all answers together. */
let notBefore = 0;
let drawn = 0;
/** Milliseconds that a frame took when one was last measured. */
let cost = 0;

/**
 * Runs a function before the next paint; where painting is slow, before one further on. So a fast
 * machine shows a delta within a frame, and a slow one draws less often instead of freezing.
 */
export function beforePaint(render: () => void): void {
  requestAnimationFrame(() => {
    const began = performance.now();
    const wait = notBefore - began;
    if (wait > FRAME_MS) {
      setTimeout(() => beforePaint(render), wait - FRAME_MS);
      return;
    }
    render();
    const rest = () => {
      notBefore = began + cost / SHARE;
    };
    rest();
    drawn += 1;
    if (drawn % MEASURED_EVERY !== 1) return;
    // A task of its own comes after what the frame has to do yet: style, layout, paint.
    setTimeout(() => {
      cost = performance.now() - began;
      rest();
    });
  });
}
