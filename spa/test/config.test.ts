// @vitest-environment node
// @vitest-environment node
import { expect, test } from "vitest";
import { loadConfig } from "../src/config";

const GOOD = {
  issuer: "https://p.example/pool",
  clientId: "c",
  apiUrl: "https://api.example/prod/",
  loginUrl: "https://login.example",
};

const load = (answer: () => Response) => loadConfig(async () => answer());

test("a whole config.json is read, past the caches, with no slash at its addresses' ends", async () => {
  let asked: [unknown, RequestInit | undefined] | undefined;
  const config = await loadConfig(async (url, init) => {
    asked = [url, init];
    return Response.json(GOOD);
  });
  expect(config).toEqual({ ...GOOD, apiUrl: "https://api.example/prod" });
  expect(asked).toEqual(["/config.json", { cache: "no-cache" }]);
});

test.each([
  ["missing", () => new Response("", { status: 404 }), "no config.json"],
  ["not JSON", () => new Response("<html>"), "not JSON"],
  ["null", () => Response.json(null), '"issuer"'],
  ["without a key", () => Response.json({ ...GOOD, clientId: undefined }), '"clientId"'],
  ["with an address that is none", () => Response.json({ ...GOOD, apiUrl: "api" }), '"apiUrl"'],
  [
    "unreachable",
    () => {
      throw new TypeError("network");
    },
    "connection",
  ],
])("a config.json that is %s is told in words that say what to do", async (_, answer, words) => {
  await expect(load(answer)).rejects.toThrow(words);
  await expect(load(answer)).rejects.toThrow(/Publish|Check/);
});
