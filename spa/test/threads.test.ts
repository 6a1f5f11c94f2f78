import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createChat } from "../src/api/chat";
import type { Finding, Summary } from "../src/api/stored";
import { chooseLanguage } from "../src/i18n";
import { groupByTime, search } from "../src/threads/groups";
import { createThreads } from "../src/threads/threads";
import { status } from "./faults";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

const SESSION = crypto.randomUUID();

function thread(title: string, updatedAt = "2026-11-22T12:00:00.000Z"): Summary {
  return { threadId: title, title, createdAt: updatedAt, updatedAt };
}

async function open(...titles: string[]) {
  const agent = fakeAgent();
  const { network } = fakeNetwork();
  const chat = createChat("https://api.example", TOKENS, agent.fetcher, network);
  const changes: (string | undefined)[] = [];
  const threads = createThreads(
    { ...chat, list: async () => titles.map((title) => thread(title)) },
    () => SESSION,
    (deleted) => changes.push(deleted),
  );
  await threads.load();
  return { agent, threads, changes, titles: () => threads.all.value?.map(({ title }) => title) };
}

beforeEach(() => chooseLanguage("en"));
afterEach(() => vi.useRealTimers());

test("conversations are grouped by days, then by months, in the person's time zone and language", async () => {
  const now = new Date(2026, 10, 22, 9);
  const at = (year: number, month: number, day: number, hour = 12) =>
    thread(`${year}-${month}-${day}`, new Date(year, month - 1, day, hour).toISOString());
  const threads = [
    at(2026, 11, 22, 0),
    at(2026, 11, 21, 23),
    at(2026, 11, 20),
    at(2026, 11, 15),
    at(2026, 11, 14),
    at(2026, 10, 23),
    at(2026, 10, 22),
    at(2026, 3, 1),
    at(2025, 11, 22),
  ];
  const groups = () =>
    groupByTime(threads, now).map(({ name, threads: { length } }) => [name, length]);
  expect(groups()).toEqual([
    ["Today", 1],
    ["Yesterday", 1],
    ["Previous 7 days", 2],
    ["Previous 30 days", 2],
    ["October", 1],
    ["March", 1],
    ["November 2025", 1],
  ]);
  await chooseLanguage("de");
  expect(groups().map(([name]) => name)).toEqual([
    "Heute",
    "Gestern",
    "Letzte 7 Tage",
    "Letzte 30 Tage",
    "Oktober",
    "März",
    "November 2025",
  ]);
});

test.each([
  ["", ["Über Zürich", "Trains", "年末の旅行"]],
  ["ZURICH", ["Über Zürich"]],
  ["zür üb", ["Über Zürich"]],
  ["旅行", ["年末の旅行"]],
  ["planes", []],
])("searching for %j finds %j", (query, found) => {
  const all = ["Über Zürich", "Trains", "年末の旅行"].map((title) => thread(title));
  expect(search(all, query).map(({ title }) => title)).toEqual(found);
});

test.each([
  ["Straße", "STRASSE"],
  ["ΟΔΟΣ ΤΟΥ", "οδοσ"],
  ["İstanbul, DIŞ KAPI", "istanbul dış"],
  ["Łódź, Søren, Đà Nẵng", "lodz soren DA nang"],
  ["Ёлка", "елка"],
  ["שָׁלוֹם", "שלום"],
  ["مُحَمَّد", "محمد"],
  ["한국어", "한국"],
  ["ﾊﾟｿｺﾝ", "パソコン"],
])("a title %j is found by %j, as the server finds what was said", (title, query) => {
  expect(search([thread(title)], query)).toHaveLength(1);
});

test("a deletion is carried out after eight seconds, through the session that is open", async () => {
  const { agent, threads, changes, titles } = await open("one", "two");
  vi.useFakeTimers();
  threads.remove("one");
  expect(titles()).toEqual(["two"]);
  await vi.advanceTimersByTimeAsync(7_900);
  expect(agent.asked("delete")).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(agent.asked("delete").map(({ threadId }) => threadId)).toEqual(["one"]);
  expect(agent.requests[0]).toMatchObject({ session: SESSION, keepalive: false });
  expect(threads.removal.value).toBeUndefined();
  expect(changes).toEqual(["one"]);
});

test("Undo takes a deletion back", async () => {
  const { agent, threads, titles } = await open("one", "two");
  vi.useFakeTimers();
  threads.remove("one");
  threads.undo();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(titles()).toEqual(["one", "two"]);
  expect(agent.requests).toEqual([]);
});

test("a page that goes away deletes at once, by a request that outlives it", async () => {
  const { agent, threads } = await open("one");
  threads.remove("one");
  threads.settle(true);
  await expect.poll(() => agent.requests).toHaveLength(1);
  expect(agent.requests[0]).toMatchObject({ keepalive: true, body: { action: "delete" } });
});

test("a second deletion carries out the first", async () => {
  const { agent, threads, titles } = await open("one", "two", "three");
  threads.remove("one");
  // A list that was read meanwhile does not bring it back.
  const request = threads.load();
  threads.remove("two");
  await expect.poll(() => agent.asked("delete").map(({ threadId }) => threadId)).toEqual(["one"]);
  expect(titles()).toEqual(["three"]);
  await request;
  expect(titles()).toEqual(["three"]);
  threads.undo();
});

test("what could not be deleted comes back, and it is told why", async () => {
  const { agent, threads, titles } = await open("one");
  agent.fail(status(403));
  threads.remove("one");
  threads.settle();
  expect(titles()).toEqual([]);
  await expect.poll(titles).toEqual(["one"]);
  expect(threads.problem.value?.title).toBe("You don't have access to this agent.");
});

test("a new name stands at once, and goes back when it could not be kept", async () => {
  const { agent, threads, titles, changes } = await open("one");
  agent.fail(status(403));
  const renaming = threads.rename("one", "uno");
  expect(titles()).toEqual(["uno"]);
  await renaming;
  expect(titles()).toEqual(["one"]);
  expect(threads.problem.value).toBeDefined();
  expect(changes).toEqual([]);
});

test("of two new names the second stays, whatever becomes of the first, and when", async () => {
  const { agent, threads, titles } = await open("one");
  let fail: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    fail = resolve;
  });
  agent.fail(
    async () => {
      await held;
      return new Response("{}", { status: 403 });
    },
    () => Response.json({ title: "zwei" }),
  );
  const first = threads.rename("one", "eins");
  await threads.rename("one", "zwei");
  fail();
  await first;
  expect(titles()).toEqual(["zwei"]);
});

test("a list that comes while a new name is being kept has it already", async () => {
  const { agent, threads, titles } = await open("one");
  agent.fail(async () => {
    await threads.load();
    expect(titles()).toEqual(["uno"]);
    return Response.json({ title: "uno" });
  });
  await threads.rename("one", "uno");
  expect(titles()).toEqual(["uno"]);
});

test("a conversation with a new message comes to the top, a new one named by its first line", async () => {
  const { threads, titles } = await open("one", "two");
  threads.touch("two", "again");
  expect(titles()).toEqual(["two", "one"]);
  threads.touch("three", "First line\nand more");
  expect(titles()).toEqual(["First line", "two", "one"]);
});

test("a list that could not be read is told, and read again", async () => {
  const { threads } = await open("one");
  const failing = createThreads(
    { ...threads, list: async () => Promise.reject(new TypeError("network")) } as never,
    () => SESSION,
    () => undefined,
  );
  await failing.load();
  expect(failing.problem.value?.title).toContain("could not be reached");
  expect(failing.all.value).toBeUndefined();
});

describe("the search in what was said", () => {
  async function searchable() {
    vi.useFakeTimers();
    const asked: string[] = [];
    const answers: ((found: readonly Finding[]) => void)[] = [];
    const { network } = fakeNetwork();
    const chat = createChat("https://api.example", TOKENS, fakeAgent().fetcher, network);
    const threads = createThreads(
      {
        ...chat,
        list: async () => [thread("Sweets"), thread("Marzipan"), thread("Other")],
        search: (query) => {
          asked.push(query);
          return new Promise((resolve) => answers.push(resolve));
        },
      },
      () => SESSION,
      () => undefined,
    );
    await threads.load();
    const shown = () => threads.groups.value.flatMap(({ threads: all }) => all.map((t) => t.title));
    return { asked, answers, threads, shown };
  }

  test("asks once typing rests, and shows what the server found beside the titles", async () => {
    const { asked, answers, threads, shown } = await searchable();
    for (const query of ["m", "ma", "marz"]) threads.query.value = query;
    expect(shown()).toEqual(["Marzipan"]);
    await vi.runAllTimersAsync();
    expect(asked).toEqual(["marz"]);
    answers[0]?.([{ threadId: "Sweets", excerpt: "… marzipan …" }]);
    await vi.runAllTimersAsync();
    expect(shown().toSorted()).toEqual(["Marzipan", "Sweets"]);
    expect(threads.excerpts.value.get("Sweets")).toBe("… marzipan …");
    threads.query.value = "o";
    expect(shown()).toEqual(["Other"]);
    expect(threads.excerpts.value.size).toBe(0);
  });

  test("an answer that comes after the next query is not shown", async () => {
    const { answers, threads, shown } = await searchable();
    threads.query.value = "marz";
    await vi.runAllTimersAsync();
    threads.query.value = "other";
    answers[0]?.([{ threadId: "Sweets", excerpt: "marz" }]);
    await vi.runAllTimersAsync();
    expect(shown()).toEqual(["Other"]);
  });

  test("no more is sent than the server takes", async () => {
    const { asked, threads } = await searchable();
    threads.query.value = "x".repeat(300);
    await vi.runAllTimersAsync();
    expect(asked[0]).toHaveLength(200);
  });
});
