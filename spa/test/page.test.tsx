import { type Signal, signal } from "@preact/signals";
import { createRef, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createChat } from "../src/api/chat";
import { toggleSidebar } from "../src/browser/sidebar";
import { chooseLanguage } from "../src/i18n";
import { FILE_REFUSED, SIGNED_OUT, UNREACHABLE } from "../src/run/problems";
import type { Attachment, UploadState } from "../src/threads/attachments";
import { createWorkspace, type Workspace } from "../src/threads/workspace";
import { Composer } from "../src/view/Composer";
import { Sidebar } from "../src/view/Sidebar";
import { fileRef } from "./answers";
import { fakeAgent, fakeNetwork, TOKENS } from "./wire";

let root: HTMLElement;
let workspace: Workspace | undefined;

beforeEach(async () => {
  refusesFiles = false;
  await chooseLanguage("en");
  sessionStorage.clear();
  history.replaceState(null, "", "/");
  root = document.body.appendChild(document.createElement("div"));
  // happy-dom has no top layer.
  Object.assign(HTMLElement.prototype, { showPopover: vi.fn(), hidePopover: vi.fn() });
  Object.assign(HTMLDialogElement.prototype, { showModal: vi.fn() });
});

afterEach(() => {
  render(null, root);
  root.remove();
  workspace?.close();
  workspace = undefined;
});

const all = <E extends Element = HTMLElement>(selector: string) => [
  ...root.querySelectorAll<E>(selector),
];
const titles = () => all(".threads a").map((each) => each.textContent);
const press = (target: Element | null | undefined, key: string, init: KeyboardEventInit = {}) =>
  act(() => {
    target?.dispatchEvent(
      new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }),
    );
  });

const signedIn: string[] = [];

async function sidebar(...questions: string[]): Promise<Workspace> {
  const agent = fakeAgent();
  const chat = createChat("https://api.example", TOKENS, agent.fetcher, fakeNetwork().network);
  const created = createWorkspace(chat, "someone");
  workspace = created;
  for (const question of questions) {
    await created.send(question);
    created.newChat();
  }
  act(() => {
    toggleSidebar(true);
    render(
      <Sidebar
        workspace={created}
        email="demo@example.com"
        onNewChat={() => undefined}
        onToggle={() => undefined}
        onSignIn={() => signedIn.push("list")}
        onSignOut={() => undefined}
      />,
      root,
    );
  });
  await expect.poll(titles).toEqual(questions.toReversed());
  return created;
}

test("conversations are links, the open one is marked, and a click opens another without leaving the page", async () => {
  const { openThread, open } = await sidebar("one", "two");
  const [two, one] = all<HTMLAnchorElement>(".threads a");
  expect(all("[aria-current]")).toEqual([]);
  act(() => one?.click());
  expect(one?.getAttribute("href")).toContain(openThread.value.threadId);
  expect(one?.getAttribute("aria-current")).toBe("page");
  act(() => open(decodeURIComponent(two?.hash.slice(4) ?? "")));
  expect(two?.getAttribute("aria-current")).toBe("page");
});

test("typing searches the titles, and Escape clears the search without stopping an answer", async () => {
  await sidebar("Trains", "Planes");
  const field = root.querySelector("input") as HTMLInputElement;
  act(() => {
    field.value = "plan";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  expect(titles()).toEqual(["Planes"]);
  const heard = vi.fn();
  addEventListener("keydown", heard);
  press(field, "Escape");
  removeEventListener("keydown", heard);
  expect(heard).not.toHaveBeenCalled();
  expect(titles()).toEqual(["Planes", "Trains"]);
});

/** Opens a conversation's menu, whose code is fetched by the first that is opened. */
async function openMenu(place = 0): Promise<void> {
  act(() => all(".row-menu")[place]?.click());
  await expect.poll(() => all("[role=menuitem]").length).toBeGreaterThan(0);
}

test("a conversation is renamed in its place: Enter keeps the name, Escape does not", async () => {
  const { threads } = await sidebar("one");
  const rename = async () => {
    await openMenu();
    act(() => root.querySelector<HTMLElement>("[role=menuitem]")?.click());
    return root.querySelector<HTMLInputElement>(".name-field") as HTMLInputElement;
  };
  let field = await rename();
  expect(document.activeElement).toBe(field);
  field.value = "never";
  press(field, "Escape");
  expect(titles()).toEqual(["one"]);
  field = await rename();
  field.value = "  uno  ";
  press(field, "Enter", { isComposing: true });
  expect(root.querySelector(".name-field")).toBe(field);
  press(field, "Enter");
  await expect.poll(titles).toEqual(["uno"]);
  expect(document.activeElement?.textContent).toBe("uno");
  await expect.poll(() => threads.all.value?.[0]?.title).toBe("uno");
});

test("the menu of a conversation is worked by the arrows, and gives the focus back", async () => {
  await sidebar("one");
  const button = root.querySelector<HTMLElement>(".row-menu");
  await openMenu();
  const items = all("[role=menuitem]");
  expect(items.map((each) => each.textContent)).toEqual([
    "Rename",
    "Export as Markdown",
    "Export as JSON",
    "Copy link",
    "Delete",
  ]);
  expect(document.activeElement).toBe(items[0]);
  press(items[0], "ArrowUp");
  expect(document.activeElement).toBe(items[4]);
  press(items[4], "ArrowDown");
  press(items[0], "End");
  expect(document.activeElement).toBe(items[4]);
  press(items[4], "Escape");
  expect(all("[role=menu]")).toEqual([]);
  expect(document.activeElement).toBe(button);
});

test("after a deletion the focus is on a neighbour", async () => {
  await sidebar("one", "two", "three");
  await openMenu(1);
  act(() => all("[role=menuitem]")[4]?.click());
  expect(titles()).toEqual(["three", "one"]);
  expect(document.activeElement?.textContent).toBe("one");
});

test("a list that needs a new sign-in offers it", async () => {
  const { threads } = await sidebar("one");
  act(() => {
    (threads.problem as Signal<unknown>).value = SIGNED_OUT;
  });
  act(() => all<HTMLButtonElement>(".threads-notice button")[0]?.click());
  expect(all(".threads-notice button")[0]?.textContent).toBe("Sign in");
  expect(signedIn).toEqual(["list"]);
});

let refusesFiles = false;

function composer(text: string, limit = 100, running = false, attachments: Attachment[] = []) {
  const draft = signal(text);
  const sent: string[] = [];
  const refused: string[] = [];
  const pages: number[] = [];
  const attached: string[] = [];
  const done: unknown[] = [];
  const show = () =>
    render(
      <Composer
        draft={draft}
        running={running}
        stopping="no"
        limit={limit}
        input={createRef<HTMLTextAreaElement>()}
        attachments={attachments}
        onAttach={
          refusesFiles ? undefined : (files) => attached.push(...files.map(({ name }) => name))
        }
        onDetach={({ name }) => done.push(["remove", name])}
        onUploadAgain={({ name }) => done.push(["retry", name])}
        onSend={() => sent.push(draft.value)}
        onStop={() => undefined}
        onRefuse={(why) => refused.push(why)}
        onPage={(direction) => pages.push(direction)}
      />,
      root,
    );
  act(show);
  return { sent, refused, pages, attached, done, area: root.querySelector("textarea") };
}

test("Enter sends; Shift+Enter, and Enter that chooses a word, do not", () => {
  const { sent, area } = composer("hello");
  press(area, "Enter", { shiftKey: true });
  press(area, "Enter", { isComposing: true });
  // Safari has ended the composition by then.
  press(area, "Enter", { keyCode: 229 } as KeyboardEventInit);
  expect(sent).toEqual([]);
  press(area, "Enter");
  expect(sent).toEqual(["hello"]);
});

test("Enter while an answer runs says why nothing is sent", () => {
  const { sent, refused, area } = composer("hello", 100, true);
  press(area, "Enter");
  expect([sent, refused]).toEqual([[], ["composer.wait"]]);
});

test("PageUp and PageDown move the conversation, but not where the message has pages of its own", () => {
  const { pages, area } = composer("hello");
  press(area, "PageUp");
  press(area, "PageDown");
  press(area, "PageDown", { shiftKey: true });
  expect(pages).toEqual([-1, 1]);
  Object.defineProperty(area, "scrollHeight", { value: 500 });
  Object.defineProperty(area, "clientHeight", { value: 100 });
  press(area, "PageUp");
  expect(pages).toEqual([-1, 1]);
});

test.each([
  [["Files"], 1, ["0.png"]],
  [["text/plain", "Files"], 1, []],
  [["text/plain"], 0, []],
])("pasting %s attaches what is a file alone", (types, count, expected) => {
  const { attached, area } = composer("");
  expect(paste(area, types, count)).toBe(expected.length > 0);
  expect(attached).toEqual(expected);
});

test("an agent that reads no files says so, and offers no button", () => {
  refusesFiles = true;
  const { refused, area } = composer("");
  paste(area, ["Files"], 1);
  expect(refused).toEqual(["composer.noFiles"]);
  expect(root.querySelector(".attach")).toBeNull();
});

function paste(area: Element | null, types: string[], count: number): boolean {
  const event = new Event("paste", { bubbles: true, cancelable: true });
  const files = Array.from({ length: count }, (_, i) => new File(["x"], `${i}.png`));
  Object.assign(event, { clipboardData: { types, files } });
  act(() => void area?.dispatchEvent(event));
  return event.defaultPrevented;
}

function attachment(name: string, state: UploadState): Attachment {
  return { key: name, name, source: undefined, state: signal(state) };
}

test("a file is sent without a word; one that is on its way keeps the message back", async () => {
  const there = attachment("a.png", { kind: "ready", file: fileRef("a", { size: 58_000 }) });
  const first = composer("", 100, false, [there]);
  press(first.area, "Enter");
  expect(first.sent).toEqual([""]);
  await vi.waitFor(() => expect(root.querySelector(".file-note")?.textContent).toBe("58 kB"));
  const later = composer("words", 100, false, [
    there,
    attachment("b.png", { kind: "uploading", part: 0.4 }),
  ]);
  press(later.area, "Enter");
  expect([later.sent, later.refused]).toEqual([[], ["composer.uploading"]]);
  expect(root.querySelector<HTMLButtonElement>("[type=submit]")?.disabled).toBe(true);
  expect(root.querySelector(".composer")?.textContent).toContain("Uploading 40%");
});

test("a file that did not arrive says why, and can be sent again where that may help", async () => {
  const { done } = composer("", 100, false, [
    attachment("a.png", { kind: "failed", problem: UNREACHABLE }),
    attachment("b.exe", { kind: "failed", problem: FILE_REFUSED }),
  ]);
  await vi.waitFor(() => expect(all(".composer .file")).toHaveLength(2));
  const [first, second] = all(".composer .file");
  expect(first?.textContent).toContain("could not be reached");
  expect(second?.textContent).toContain("This file can't be sent.");
  const labels = all<HTMLButtonElement>(".composer .file button").map((b) =>
    b.getAttribute("aria-label"),
  );
  expect(labels).toEqual(["Upload a.png again", "Remove a.png", "Remove b.exe"]);
  act(() => {
    for (const button of all<HTMLButtonElement>(".composer .file button")) button.click();
  });
  expect(done).toEqual([
    ["retry", "a.png"],
    ["remove", "a.png"],
    ["remove", "b.exe"],
  ]);
});

test("a text over the limit is counted, said, and not sent", () => {
  const { sent, area } = composer("x".repeat(1001), 1000);
  expect(root.querySelector(".count")?.textContent).toContain(
    "1,001 of 1,000 characters: shorten it",
  );
  expect(area?.getAttribute("aria-invalid")).toBe("true");
  press(area, "Enter");
  act(() => root.querySelector<HTMLButtonElement>("[type=submit]")?.click());
  expect(sent).toEqual([]);
});

test("characters are counted as the agent counts them", () => {
  const { sent, area } = composer("👍".repeat(100), 100);
  expect(root.querySelector(".count")?.textContent).toBe("100 of 100 characters");
  press(area, "Enter");
  expect(sent).toHaveLength(1);
});

test("a short text is not counted", () => {
  composer("x".repeat(79), 100);
  expect(root.querySelector(".count")).toBeNull();
});
