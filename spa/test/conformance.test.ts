import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import {
  canonical,
  type Example,
  REASONS,
  type Reason,
  SPECIFICATIONS,
  wanted,
} from "./conformance";
import { DIFFERS } from "./differs";
import { cut, seeded } from "./support";
import { writer } from "./writer";

const documented = readFileSync("../docs/markdown.md", "utf8");

function shown(pieces: readonly string[]): HTMLElement {
  const element = document.createElement("div");
  const view = writer(
    element,
    (render) => render(),
    () => undefined,
  );
  for (const piece of pieces) view.append(piece);
  view.close();
  return element;
}

function html(pieces: readonly string[]): string {
  const element = shown(pieces);
  element.normalize();
  return element.innerHTML;
}

/** Whether the page shows what the specification wants, once these reasons are seen through. */
function agrees(example: Example, reasons: readonly Reason[]): boolean {
  const ours = canonical(shown([example.markdown]), reasons);
  return ours === canonical(wanted(example, reasons), reasons);
}

function reasonsOf(specification: keyof typeof DIFFERS, number: number): Reason[] {
  return REASONS.filter((reason) => DIFFERS[specification][reason]?.includes(number));
}

describe.each(Object.entries(SPECIFICATIONS))("%s", (name, examples) => {
  const specification = name as keyof typeof DIFFERS;
  const report: string[] = [];
  // biome-ignore lint/suspicious/noConsole: how many pass is for people to see.
  afterAll(() => console.info(`${name}\n  ${report.join("\n  ")}`));

  const sections = new Set(examples.map(({ section }) => section));

  test.each([...sections])("%s: each example passes, or differs as it is meant to", (section) => {
    const all = examples.filter((each) => each.section === section);
    let alike = 0;
    for (const example of all) {
      const reasons = reasonsOf(specification, example.number);
      const told = `${example.number}: ${JSON.stringify(example.markdown)}`;
      if (reasons.length === 0) alike += 1;
      else
        for (const left of reasons) {
          // The list shrinks: each reason given is still needed.
          const others = reasons.filter((reason) => reason !== left);
          expect(agrees(example, others), `${left} is no longer needed for ${told}`).toBe(false);
        }
      if (!agrees(example, reasons))
        expect(canonical(shown([example.markdown]), reasons), told).toBe(
          canonical(wanted(example, reasons), reasons),
        );
    }
    report.push(`${section}: ${alike} of ${all.length} pass`);
  });

  test("docs/markdown.md has the same numbers", () => {
    const differing = examples.filter(({ number }) => reasonsOf(specification, number).length > 0);
    expect(documented).toContain(
      `| ${name} | ${examples.length} | ${examples.length - differing.length} | ${differing.length} |`,
    );
    for (const reason of REASONS) {
      const numbers = DIFFERS[specification][reason];
      if (numbers) expect(documented).toContain(`| ${reason} | ${name} | ${ranges(numbers)} |`);
    }
  });

  test("an example that is written while it is read ends as it does when it comes at once", () => {
    const random = seeded(31);
    for (const { markdown } of examples) {
      const whole = html([markdown]);
      const ways = [
        Array.from(markdown),
        ...Array.from({ length: 4 }, () => cut(random, markdown)),
      ];
      for (const pieces of ways) expect(html(pieces), JSON.stringify(pieces)).toBe(whole);
    }
  });
});

/** "1-3, 7" of 1, 2, 3 and 7. */
function ranges(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs.map((run) => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : run[0])).join(", ");
}
