import { vi } from "vitest";

/** A busy machine takes its time, and what hangs is caught by the time that a test may take. */
const PATIENCE_MS = 20_000;

const { waitFor } = vi;
vi.waitFor = (look, options) => waitFor(look, { timeout: PATIENCE_MS, ...Object(options) });
