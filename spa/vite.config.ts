import { defineConfig } from "vitest/config";

export default defineConfig({
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
  },
});
