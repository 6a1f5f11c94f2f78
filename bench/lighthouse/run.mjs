// Lets Lighthouse load the page, signed out and with a chat open, on its mobile and desktop presets.
//
//   node run.mjs '{"url", "executablePath", "args", "runs", "folder"}'
//
// Prints a JSON array with one entry for each load (bench/page_lighthouse.py, Load). The last report
// of each view and preset goes into `folder`, as HTML.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import lighthouse, { desktopConfig } from "lighthouse";
import puppeteer from "puppeteer-core";

const PRESETS = { mobile: undefined, desktop: desktopConfig };
/** What tells each view from the other. */
const VIEWS = { "signed out": "button.primary", chat: "textarea" };
const FIGURES = {
  fcp: "first-contentful-paint",
  lcp: "largest-contentful-paint",
  tbt: "total-blocking-time",
  tti: "interactive",
  cls: "cumulative-layout-shift",
};
const TRIES = 3;

/** A tab that shows a view. Tokens live in the tab, so a chat can be measured in no other. */
async function open(browser, url, view) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(url);
  const signIn = await page.waitForSelector(VIEWS["signed out"]);
  if (view === "chat") await signIn.click();
  await page.waitForSelector(VIEWS[view]);
  return page;
}

/** One load, with nothing cached: Lighthouse empties the browser's cache, and leaves the tab its tokens. */
async function load(page, url, view, preset) {
  const flags = { output: "html", logLevel: "error" };
  for (let tried = 1; ; tried++) {
    const { lhr, report } = await lighthouse(url, flags, PRESETS[preset], page);
    if (!lhr.runtimeError) {
      if (await page.$(VIEWS[view])) return { lhr, report };
      throw new Error(`${view}, ${preset}: the page shows something else`);
    }
    // On a busy machine a trace may lack its beginning, and Lighthouse says to run it again.
    if (tried === TRIES) throw new Error(`${view}, ${preset}: ${lhr.runtimeError.message}`);
  }
}

function summary({ categories, audits, environment }) {
  return {
    scores: Object.fromEntries(
      Object.values(categories).map(({ id, score }) => [id, Math.round(score * 100)]),
    ),
    figures: Object.fromEntries(
      Object.entries(FIGURES).map(([name, id]) => [name, audits[id].numericValue]),
    ),
    benchmark: environment.benchmarkIndex,
    faults: Object.values(audits)
      .filter(({ score }) => score !== null && score < 1)
      .map(({ id }) => id),
  };
}

const { url, executablePath, args, runs, folder } = JSON.parse(process.argv[2]);
const browser = await puppeteer.launch({ executablePath, args });
try {
  const loads = [];
  for (const view of Object.keys(VIEWS)) {
    const page = await open(browser, url, view);
    for (const preset of Object.keys(PRESETS))
      for (let run = 0; run < runs; run++) {
        const { lhr, report } = await load(page, url, view, preset);
        loads.push({ view, preset, ...summary(lhr) });
        process.stderr.write(`  ${JSON.stringify(loads.at(-1))}\n`);
        await writeFile(join(folder, `${view} ${preset}.html`.replaceAll(" ", "-")), report);
      }
  }
  process.stdout.write(JSON.stringify(loads));
} finally {
  await browser.close();
}
