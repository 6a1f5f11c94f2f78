import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { chooseLanguage } from "../src/i18n";
import { problemOfRun, problemOfStatus } from "../src/run/problems";

const wire = readFileSync("../docs/wire.md", "utf8");
const codes = [...wire.slice(wire.indexOf("## Codes")).matchAll(/^\| `(\w+)` \|/gm)].map(
  ([, code]) => code ?? "",
);

afterEach(() => chooseLanguage("en"));

test("docs/wire.md has codes", () => expect(codes.length).toBeGreaterThan(10));

test.each(codes)("%s has the page's own words, with what to do", (code) => {
  const { title, advice } = problemOfRun(code, "The agent's own sentence.");
  expect(title).not.toBe("The agent's own sentence.");
  expect(title).toMatch(/\.$/);
  expect(advice).toMatch(/\.$/);
});

test("a problem speaks the page's language, also when that changes while it stands", async () => {
  const known = problemOfRun("thread_busy", "");
  const status = problemOfStatus(418);
  await chooseLanguage("de");
  expect(known.title).toBe("Diese Unterhaltung wird noch beantwortet.");
  expect(status.title).toContain("418");
});
