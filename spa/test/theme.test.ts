import { beforeEach, expect, test } from "vitest";
import { chooseTheme, startTheme, theme } from "../src/browser/theme";

beforeEach(() => {
  localStorage.clear();
  document.head.replaceChildren();
  for (const scheme of ["light", "dark"]) {
    const meta = document.createElement("meta");
    meta.name = "theme-color";
    meta.media = `(prefers-color-scheme: ${scheme})`;
    document.head.append(meta);
  }
});

const grounds = () => [...document.querySelectorAll("meta")].map((meta) => meta.content);

test("the system's theme counts until another is chosen, and a choice outlives the page", () => {
  startTheme();
  expect(theme.value).toBe("system");
  expect(grounds()).toEqual(["#ffffff", "#15191b"]);
  chooseTheme("dark");
  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(grounds()).toEqual(["#15191b", "#15191b"]);
  document.documentElement.dataset.theme = "";
  startTheme();
  expect(document.documentElement.dataset.theme).toBe("dark");
});

test("a stored word that is no theme means the system's", () => {
  localStorage.setItem("sluice.theme", "purple");
  startTheme();
  expect(theme.value).toBe("system");
});
