import { expect, test } from "vitest";
import { fitToKeyboard } from "../src/browser/viewport";

class View extends EventTarget {
  height = 800;
  scale = 1;
  offsetTop = 0;
}

const shown = () => document.documentElement.style.getPropertyValue("--visible-height");

test("the page is as high as the keyboard leaves it, and pinching changes nothing", () => {
  const view = new View();
  const end = fitToKeyboard(view as unknown as VisualViewport);
  expect(shown()).toBe("800px");
  Object.assign(view, { height: 420 });
  view.dispatchEvent(new Event("resize"));
  expect(shown()).toBe("420px");
  Object.assign(view, { height: 300, scale: 2 });
  view.dispatchEvent(new Event("resize"));
  expect(shown()).toBe("420px");
  end();
  expect(shown()).toBe("");
});

test("a browser without a visual viewport is left alone", () => {
  fitToKeyboard(null)();
  expect(shown()).toBe("");
});
