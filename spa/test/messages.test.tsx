import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Message } from "../src/threads/open-thread";
import type { Actions } from "../src/view/actions";
import { announce } from "../src/view/announce";
import { loadMarkdown } from "../src/view/Markdown";
import { Messages } from "../src/view/Messages";
import { Status } from "../src/view/Status";
import { answer, change, fileRef, question, reasoningPart, textPart, toolPart } from "./answers";

const LIMIT = 1000;
/** The name of a file that is not there. */
const GONE = "gone";

let root: HTMLElement;
let done: unknown[];
/** What is waited for until it is near the view. */
let watched: Set<Element>;
let near: (element: Element) => void;

const actions: Actions = {
  retry: (answer) => done.push(["retry", answer.id]),
  edit: (question, text) => done.push(["edit", question.id, text]),
  rate: (answer, rating) => done.push(["rate", answer.id, rating]),
  reply: (answer, replies, always) => done.push(["reply", answer.id, replies, always]),
  file: async (id) => {
    if (id === GONE) throw new Error(id);
    return new Blob([id], { type: "image/png" });
  },
  signIn: () => done.push("sign-in"),
};

beforeEach(async () => {
  await loadMarkdown();
  await Promise.all([import("../src/view/files"), import("../src/view/Asks")]);
  done = [];
  watched = new Set();
  root = document.body.appendChild(document.createElement("div"));
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(notice: (entries: unknown[]) => void) {
        near = (target) => notice([{ target, isIntersecting: true }]);
      }
      observe = (element: Element) => watched.add(element);
      unobserve = (element: Element) => watched.delete(element);
    },
  );
});

afterEach(() => {
  render(null, root);
  root.remove();
});

function show(messages: readonly Message[], running = false): void {
  act(() =>
    render(
      <Messages messages={messages} running={running} limit={LIMIT} actions={actions} />,
      root,
    ),
  );
}

function button(name: string): HTMLButtonElement {
  const found = [...root.querySelectorAll("button")].filter(
    (each) => (each.getAttribute("aria-label") ?? each.textContent) === name,
  );
  expect(found, name).toHaveLength(1);
  return found[0] as HTMLButtonElement;
}

function click(name: string): void {
  act(() => button(name).click());
}

function unfold(selector: string): void {
  const details = root.querySelector<HTMLDetailsElement>(selector);
  act(() => {
    if (details) details.open = true;
    details?.dispatchEvent(new Event("toggle"));
  });
}

test("an answer can be judged, and judged otherwise", () => {
  const rating = signal<"up" | "down" | null>(null);
  show([question(), answer([textPart("Because.")], {}, { rating })]);
  click("Good answer");
  expect(done).toEqual([["rate", "a", "up"]]);
  act(() => {
    rating.value = "up";
  });
  expect(button("Good answer").getAttribute("aria-pressed")).toBe("true");
  click("Good answer");
  click("Bad answer");
  expect(done.slice(1)).toEqual([
    ["rate", "a", null],
    ["rate", "a", "down"],
  ]);
});

test("the answer is copied as the markdown it was written in", async () => {
  let copied = "";
  Object.defineProperty(navigator, "clipboard", {
    configurable: true,
    value: {
      async writeText(text: string) {
        copied = text;
      },
    },
  });
  show([answer([textPart("**One**\n"), toolPart("clock", "{}", "12:00"), textPart("`two`")])]);
  click("Copy answer");
  await vi.waitFor(() => expect(button("Copied")).toBeTruthy());
  expect(copied).toBe("**One**\n\n`two`");
});

function twoRuns(): Message[] {
  return ["first", "last"].flatMap((id) => [
    question(`Why ${id}?`, `q-${id}`),
    answer([textPart(id)], {}, { id }),
  ]);
}

test("the last answer is asked for again at once, and a failed one says Retry instead", () => {
  show(twoRuns());
  act(() => root.querySelectorAll<HTMLElement>('[aria-label="Regenerate"]')[1]?.click());
  expect(done).toEqual([["retry", "last"]]);
  show([answer([textPart("2")], { state: "interrupted" }, { id: "last" })]);
  click("Retry");
  expect(done.at(-1)).toEqual(["retry", "last"]);
  expect(root.querySelector('[aria-label="Regenerate"]')).toBeNull();
});

test("before an earlier answer is asked for again, it is said that what followed is replaced", () => {
  show(twoRuns());
  const again = root.querySelector('[aria-label="Regenerate"]') as HTMLElement;
  act(() => again.click());
  const asked = root.querySelector(".confirmation");
  expect(asked?.textContent).toContain("This replaces the answer and everything after it.");
  expect(document.activeElement).toBe(asked?.querySelector(".strong"));
  click("Cancel");
  expect(document.activeElement).toBe(again);
  expect([done, root.querySelector(".confirmation")]).toEqual([[], null]);
  act(() => again.click());
  act(() => root.querySelector<HTMLElement>(".confirmation .strong")?.click());
  expect(done).toEqual([["retry", "first"]]);
});

test("Escape leaves that question and goes no further, where it would stop an answer", () => {
  const outside = vi.fn();
  addEventListener("keydown", outside);
  show(twoRuns());
  act(() => root.querySelector<HTMLElement>('[aria-label="Regenerate"]')?.click());
  const pressed = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
  act(() => void document.activeElement?.dispatchEvent(pressed));
  removeEventListener("keydown", outside);
  expect([root.querySelector(".confirmation"), done]).toEqual([null, []]);
  expect(outside).not.toHaveBeenCalled();
});

test("a message that is edited is counted and refused as a new one is", () => {
  show([question("Why?"), answer([textPart("Because.")])]);
  click("Edit");
  const area = root.querySelector("textarea") as HTMLTextAreaElement;
  const write = (text: string) =>
    act(() => {
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
  const enter = () =>
    act(
      () => void area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })),
    );
  expect(root.querySelector(".count")).toBeNull();
  write("x".repeat(LIMIT + 1));
  expect(root.querySelector(".count")?.textContent).toContain("1,001 of 1,000 characters: shorten");
  expect(area.getAttribute("aria-invalid")).toBe("true");
  expect(button("Send").disabled).toBe(true);
  enter();
  expect(done).toEqual([]);
  write("x".repeat(LIMIT));
  enter();
  expect(done).toEqual([["edit", "q", "x".repeat(LIMIT)]]);
});

test("a problem that signing in fixes offers that, and one that a change fixes offers nothing", () => {
  const problem = (remedy: "sign-in" | "edit") =>
    ({ title: "It failed.", advice: "Do this.", remedy }) as const;
  show([answer([], { state: "failed", problem: problem("sign-in") })]);
  click("Sign in");
  expect(done).toEqual(["sign-in"]);
  show([answer([], { state: "failed", problem: problem("edit") }, { id: "b" })]);
  expect(root.querySelector(".ending button")).toBeNull();
  expect(root.querySelector(".ending")?.textContent).toContain("It failed. Do this.");
});

test("a message is edited in its place and sent again with Enter", () => {
  show([question("Why?"), answer([textPart("Because.")])]);
  click("Edit");
  const area = root.querySelector("textarea") as HTMLTextAreaElement;
  expect(area.value).toBe("Why?");
  act(() => {
    area.value = "How? ";
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const press = (init: KeyboardEventInit) =>
    act(() => void area.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, ...init })));
  press({ key: "Enter", isComposing: true });
  press({ key: "Enter", shiftKey: true });
  expect(done).toEqual([]);
  press({ key: "Enter" });
  expect(done).toEqual([["edit", "q", "How?"]]);
  expect(root.querySelector("textarea")).toBeNull();
});

test("Escape leaves the editor and goes no further, where it would stop an answer", () => {
  const outside = vi.fn();
  addEventListener("keydown", outside);
  show([question("Why?")]);
  click("Edit");
  const pressed = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
  act(() => void root.querySelector("textarea")?.dispatchEvent(pressed));
  removeEventListener("keydown", outside);
  expect(root.querySelector("textarea")).toBeNull();
  expect(outside).not.toHaveBeenCalled();
  expect(done).toEqual([]);
});

test("nothing can be edited while an answer is under way, and its actions wait for its end", () => {
  const written = answer([textPart("Be", false)], { state: "running" });
  show([question(), written], true);
  expect(root.querySelector('[aria-label="Edit"]')).toBeNull();
  expect(root.querySelector('[aria-label="Regenerate"]')).toBeNull();
  expect(root.querySelector('[aria-label="Good answer"]')).toBeNull();
  act(() => change(written, { state: "finished" }));
  expect(button("Good answer")).toBeTruthy();
});

test("a long message is folded until it is asked for", () => {
  show([question("line\n".repeat(40))]);
  expect(root.querySelector(".bubble")?.classList).toContain("folded");
  click("Show all");
  expect(root.querySelector(".bubble")?.classList).not.toContain("folded");
  expect(button("Show less").getAttribute("aria-expanded")).toBe("true");
});

test("a tool's card says what was asked, what came of it, and how long it took", () => {
  const tool = toolPart("search", '{"query":"gates","limit":3}', '{"results":[1,2]}');
  show([answer([tool])]);
  const card = root.querySelector("details.tool") as HTMLDetailsElement;
  expect([card.dataset.name, card.dataset.state]).toEqual(["search", "done"]);
  expect(card.querySelector("summary")?.textContent).toBe("searchgates, 3done · 2.3s");
  expect(card.querySelector("pre")).toBeNull();
  unfold("details.tool");
  const shown = [...card.querySelectorAll("pre")].map((pre) => pre.textContent);
  expect(shown).toEqual([
    '{\n  "query": "gates",\n  "limit": 3\n}',
    '{\n  "results": [\n    1,\n    2\n  ]\n}',
  ]);
});

test("code that is run is shown as it was written", () => {
  show([answer([toolPart("run_python", JSON.stringify({ code: "x = 1\nprint(x)" }), "1")])]);
  unfold("details.tool");
  expect(root.querySelector("pre")?.textContent).toBe("x = 1\nprint(x)");
});

test("a tool that failed says so in words", () => {
  const tool = toolPart("search", "{", "Not there.", { state: "failed" });
  show([answer([tool])]);
  unfold("details.tool");
  expect(root.querySelector("details.tool")?.getAttribute("data-state")).toBe("failed");
  expect([...root.querySelectorAll("dt")].map((each) => each.textContent)).toEqual([
    "Arguments",
    "Error",
  ]);
});

test("a card with an image unfolds by itself, and shows it with a text in its place", async () => {
  const made: string[] = [];
  vi.stubGlobal("URL", {
    createObjectURL: (blob: Blob) => `blob:${made.push(blob.type)}`,
    revokeObjectURL: (url: string) => made.push(url),
  });
  const files = [fileRef("abc")];
  const tool = toolPart("chart", "{}", "", { files });
  show([question(), answer([tool])]);
  const card = root.querySelector("details.tool") as HTMLDetailsElement;
  expect(card.open).toBe(true);
  await vi.waitFor(() => expect(card.querySelector("img")).not.toBeNull());
  const image = card.querySelector("img");
  expect(image?.getAttribute("src")).toBe("blob:1");
  expect(image?.alt).toBe("Image: chart");
  act(() => render(null, root));
  expect(made).toEqual(["image/png", "blob:1"]);
});

test("the files of a message are looked at, read in place, or downloaded, and run nowhere", async () => {
  const made: string[] = [];
  vi.stubGlobal("URL", {
    createObjectURL: (blob: Blob) => `blob:${made.push(blob.type)}`,
    revokeObjectURL: () => undefined,
  });
  const downloads: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    downloads.push(this.download);
  });
  const opened = vi.spyOn(HTMLDialogElement.prototype, "showModal").mockImplementation(() => {});
  const files = [
    fileRef("picture", { name: "chart.png" }),
    fileRef("<b>a,b</b>", { kind: "document", mimeType: "text/csv", name: "a.csv", size: 2_500 }),
    fileRef("pdf", { kind: "document", mimeType: "application/pdf", name: "b.pdf" }),
    fileRef(GONE, { kind: "document", mimeType: "application/pdf", name: "gone.pdf" }),
  ];
  show([question("", "q", files), answer([])]);
  await vi.waitFor(() => expect(root.querySelector(".files")).not.toBeNull());
  expect(root.querySelector(".bubble")).toBeNull();
  await vi.waitFor(() => expect(root.querySelector("img")?.alt).toBe("Image: chart.png"));
  act(() => root.querySelector<HTMLButtonElement>(".picture")?.click());
  expect(opened).toHaveBeenCalledTimes(1);
  expect(button("a.csv2.5 kB").title).toBe("Open a.csv");
  click("a.csv2.5 kB");
  await vi.waitFor(() => expect(root.querySelector("pre")?.textContent).toBe("<b>a,b</b>"));
  expect(root.querySelector("pre b")).toBeNull();
  expect(opened).toHaveBeenCalledTimes(2);
  click("b.pdf7 bytes");
  await vi.waitFor(() => expect(downloads).toEqual(["b.pdf"]));
  click("gone.pdf7 bytes");
  await vi.waitFor(() => expect(root.textContent).toContain("gone.pdf"));
  expect(opened).toHaveBeenCalledTimes(2);
});

test("a file that a tool has made is offered on its card, which unfolds for it", async () => {
  const table = fileRef("t", { kind: "document", mimeType: "text/csv", name: "sales.csv" });
  show([question(), answer([toolPart("run_python", "{}", "done", { files: [table] })])]);
  const card = root.querySelector("details.tool") as HTMLDetailsElement;
  expect(card.open).toBe(true);
  await vi.waitFor(() => expect(card.querySelector(".file")?.textContent).toContain("sales.csv"));
  expect(card.querySelector("img")).toBeNull();
});

test("an image that cannot be had is a sentence", async () => {
  const files = [fileRef(GONE)];
  const tool = toolPart("chart", "{}", "A chart.", { files });
  show([question(), answer([tool])]);
  await vi.waitFor(() => expect(root.textContent).toContain("The image cannot be shown."));
  expect(root.querySelector(".tool img")).toBeNull();
});

test("reasoning is a line that tells its time, and is drawn only when it is unfolded", () => {
  const written = answer([reasoningPart("First **this**.")], { state: "running" });
  show([written], true);
  const summary = () => root.querySelector(".reasoning summary")?.textContent;
  expect(summary()).toBe("Reasoning");
  const part = reasoningPart("First **this**.", { endedAt: 3400, isClosed: true });
  act(() => change(written, { parts: [part] }));
  expect(summary()).toBe("Thought for 3 seconds");
  expect(root.querySelector(".reasoning .markdown")).toBeNull();
  unfold("details.reasoning");
  expect(root.querySelector(".reasoning strong")?.textContent).toBe("this");
});

test("what an answer took is shown on demand", () => {
  const usage = { inputTokens: 12129, outputTokens: 35, totalTokens: 12164, model: "m-1" };
  show([answer([textPart("x")], { usage, startedAt: 0, endedAt: 2300 })]);
  expect(root.querySelector(".figures")?.textContent).toBe("");
  click("Details");
  const shown = root.querySelector(".figures")?.textContent;
  for (const part of ["12,129", "35", "m-1", "2.3s"]) expect(shown).toContain(part);
});

test("a cut and an absent network are said while the answer waits", () => {
  const connection = signal<"live" | "reconnecting" | "waiting">("reconnecting");
  show([answer([], { state: "running" }, { connection })], true);
  expect(root.textContent).toContain("Reconnecting");
  act(() => {
    connection.value = "waiting";
  });
  expect(root.textContent).toContain("You are offline");
  act(() => {
    connection.value = "live";
  });
  expect(root.querySelector(".connection")).toBeNull();
});

test("of a long conversation only the end is drawn, the rest when it is near; its text is there", () => {
  const messages = Array.from({ length: 300 }, (_, i) => [
    question(`question ${i}`, `q${i}`),
    answer([textPart(`answer **${i}**`)], {}, { id: `a${i}` }),
  ]).flat();
  show(messages);
  expect(root.querySelectorAll("article")).toHaveLength(600);
  expect(root.querySelectorAll(".markdown")).toHaveLength(2);
  expect(root.querySelectorAll("*").length).toBeLessThan(3000);
  expect(root.textContent).toContain("answer **0**");
  const first = root.querySelectorAll('article[data-role="assistant"]')[0] as Element;
  expect(watched).toContain(first);
  act(() => near(first));
  expect(first.querySelector("strong")?.textContent).toBe("0");
  expect(watched).not.toContain(first);
});

test("what is told to a screen reader changes when the sentence does, not with each drawing", async () => {
  announce("");
  const changes: string[] = [];
  const observer = new MutationObserver(() => changes.push(root.textContent ?? ""));
  observer.observe(root, { subtree: true, childList: true, characterData: true });
  const drawn = async (messages: readonly Message[]) => {
    await act(() => render(<Status messages={messages} stopping="no" />, root));
  };
  const first = answer([], { state: "running" });
  await drawn([]);
  await drawn([]);
  for (let times = 0; times < 3; times += 1) await drawn([question(), first]);
  await act(() => change(first, { state: "finished" }));
  await drawn([question(), first]);
  observer.disconnect();
  expect(changes).toEqual(["", "Sluice is answering.", "The answer is complete."]);
});
