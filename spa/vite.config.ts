import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { brand } from "./brand.ts";
import { faintPairs } from "./contrast.ts";

/** Puts the brand's name into index.html, and warns of colours that are hard to read. */
const branding: Plugin = {
  name: "brand",
  buildStart() {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
    const css = read("./src/styles/base.css") + read("./brand.css");
    for (const sentence of faintPairs(css)) this.warn(sentence);
  },
  transformIndexHtml: {
    order: "pre",
    handler: (html) => html.replaceAll("%BRAND%", () => escapeHtml(brand.name)),
  },
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export default defineConfig({
  plugins: [branding],
  build: {
    target: "es2022",
    // The polyfill would be an extra script, and every browser this page supports has modulepreload.
    modulePreload: { polyfill: false },
    // No data: URLs, so that the policy's img-src can stay 'self'.
    assetsInlineLimit: 0,
    // Budgets are in gzip bytes; what Vite prints is what they are held against.
    reportCompressedSize: true,
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.{ts,tsx}"],
    // Thousands of random pages take seconds on a busy machine; a hang is what this is to catch.
    testTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    setupFiles: ["test/patience.ts"],
  },
});
