import { beforeEach, expect, test, vi } from "vitest";
import { createFollower, type Follower } from "../src/view/follow";

const HEIGHT = 100;
let follower: Follower;
let scroller: HTMLElement;
let content: HTMLElement;
let resized: () => void;
let frames: (() => void)[];

/** A page of a given height. happy-dom lays nothing out, so its sizes are set here. */
function grow(height: number): void {
  Object.defineProperty(scroller, "scrollHeight", { configurable: true, value: height });
  resized();
}

function scroll(top: number): void {
  scroller.scrollTop = top;
  scroller.dispatchEvent(new Event("scroll"));
}

beforeEach(() => {
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) => frames.push(frame));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(notice: () => void) {
        resized = notice;
      }
      observe = () => undefined;
      disconnect = () => undefined;
    },
  );
  scroller = document.createElement("div");
  content = scroller.appendChild(document.createElement("div"));
  content.append(document.createElement("article"));
  Object.defineProperty(scroller, "clientHeight", { value: HEIGHT });
  follower = createFollower();
  follower.watch(scroller, content);
  grow(500);
});

test("the page keeps to its end while it grows", () => {
  grow(700);
  expect(scroller.scrollTop).toBe(700);
});

test("before the first message there is no end to keep to", () => {
  content.replaceChildren();
  grow(700);
  expect([scroller.scrollTop, follower.following.value]).toEqual([0, true]);
  content.append(document.createElement("article"));
  grow(900);
  expect(scroller.scrollTop).toBe(900);
});

test("it yields to a reader who scrolls up, and follows again once they are back", () => {
  scroll(400);
  scroll(200);
  expect(follower.following.value).toBe(false);
  grow(900);
  expect(scroller.scrollTop).toBe(200);
  scroll(800);
  expect(follower.following.value).toBe(true);
  grow(1000);
  expect(scroller.scrollTop).toBe(1000);
});

test("the button brings them to the end", () => {
  scroll(100);
  follower.toEnd();
  expect([follower.following.value, scroller.scrollTop]).toEqual([true, 500]);
});

test("what is unfolded at the end stays in view instead of being pushed up", () => {
  scroll(400);
  content.append(document.createElement("summary"));
  content.querySelector("summary")?.click();
  grow(900);
  expect(scroller.scrollTop).toBe(400);
  // Folded together again.
  grow(500);
  expect(follower.following.value).toBe(true);
});

test("unfolding on a page that still fits leaves the reader at its end", () => {
  scroll(400);
  content.append(document.createElement("summary"));
  content.querySelector("summary")?.click();
  expect(follower.following.value).toBe(false);
  while (frames.length > 0) frames.shift()?.();
  expect(follower.following.value).toBe(true);
});

/** A button at the end of the view, and what it shows when it is clicked: so many pixels below it. */
function unfold(height: number, busy = false): void {
  const button = content.appendChild(document.createElement("button"));
  const shown = content.appendChild(document.createElement("div"));
  shown.id = "shown";
  button.setAttribute("aria-controls", "shown");
  button.setAttribute("aria-expanded", "false");
  document.body.append(scroller);
  if (busy) content.querySelector("article")?.setAttribute("aria-busy", "true");
  const top = scroller.scrollTop;
  scroller.getBoundingClientRect = () => ({ bottom: HEIGHT }) as DOMRect;
  shown.getBoundingClientRect = () =>
    ({ bottom: HEIGHT - 30 + height - (scroller.scrollTop - top) }) as DOMRect;
  button.click();
  button.setAttribute("aria-expanded", "true");
  grow(500 + height);
  while (frames.length > 0) frames.shift()?.();
  scroller.remove();
}

test("what is unfolded below the view comes into it, and moves no further than it must", () => {
  scroll(400);
  unfold(40);
  // 10 were below the view; 28 more are the fade at its end.
  expect(scroller.scrollTop).toBe(438);
  expect(follower.following.value).toBe(true);
});

test("what is unfolded within the view moves nothing", () => {
  scroll(200);
  unfold(0);
  expect(scroller.scrollTop).toBe(200);
});

test("what is longer than the view leaves its button in it", () => {
  scroll(400);
  unfold(900);
  expect([scroller.scrollTop, follower.following.value]).toEqual([450, false]);
});

test("while an answer is written, what is unfolded stays where it is", () => {
  scroll(400);
  unfold(90, true);
  expect([scroller.scrollTop, follower.following.value]).toEqual([400, false]);
});
