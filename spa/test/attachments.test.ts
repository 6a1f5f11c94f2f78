import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import { Refused } from "../src/api/api";
import type { AgentInfo, StoredPart } from "../src/api/stored";
import { FILE_REFUSED, UNREACHABLE } from "../src/run/problems";
import { createAttachments } from "../src/threads/attachments";

interface Upload {
  readonly thread: string;
  readonly name: string;
  readonly data: string;
  readonly signal: AbortSignal;
  progress(part: number): void;
  end(part: StoredPart): void;
  fail(error: unknown): void;
}

let uploads: Upload[];
const agent = signal<AgentInfo | undefined>(undefined);

beforeEach(() => {
  sessionStorage.clear();
  uploads = [];
  agent.value = undefined;
});

/** @param scale what the browser makes of an image */
function make(scale: (file: Blob) => Promise<Blob | undefined> = async () => undefined) {
  const attach = (
    thread: string,
    { name, data }: { name: string; data: string },
    abort: AbortSignal,
    progress: (part: number) => void,
  ) =>
    new Promise<StoredPart>((end, fail) => {
      uploads.push({ thread, name, data, signal: abort, progress, end, fail });
      abort.addEventListener("abort", () => fail(new DOMException("", "AbortError")));
    });
  const attachments = createAttachments({ attach }, agent, sessionStorage, scale);
  const states = () => attachments.of("t").value.map(({ state }) => state.value);
  return { attachments, states };
}

const text = (name: string, content = "a,b") => new File([content], name, { type: "text/csv" });

function part(value: string, name = "a.csv"): StoredPart {
  const source = { type: "file", value, mimeType: "text/csv" };
  return { type: "document", source, metadata: { size: 3, name } };
}

const upload = (count: number) => vi.waitFor(() => expect(uploads).toHaveLength(count));

test("a file goes up at once, says how far it is, and is sent when it is there", async () => {
  const { attachments, states } = make();
  expect(attachments.add("t", [text("a.csv")])).toBe(true);
  await upload(1);
  expect(uploads[0]).toMatchObject({ thread: "t", name: "a.csv", data: btoa("a,b") });
  uploads[0]?.progress(0.5);
  expect(states()).toEqual([{ kind: "uploading", part: 0.5 }]);
  expect(attachments.take("t")).toBeUndefined();
  uploads[0]?.end(part("1"));
  await vi.waitFor(() => expect(states()[0]?.kind).toBe("ready"));
  expect(attachments.take("t")?.map(({ id }) => id)).toEqual(["1"]);
  expect(attachments.of("t").value).toEqual([]);
});

test("what is there stays through a reload, until it is sent", async () => {
  const { attachments, states } = make();
  attachments.add("t", [text("a.csv"), text("b.csv")]);
  await upload(2);
  uploads[0]?.end(part("1"));
  await vi.waitFor(() => expect(states()[0]?.kind).toBe("ready"));
  const again = make().attachments;
  expect(again.of("t").value.map(({ name }) => name)).toEqual(["a.csv"]);
  expect(again.of("u").value).toEqual([]);
  const files = again.take("t") ?? [];
  expect(make().attachments.of("t").value).toEqual([]);
  again.put("t", files);
  expect(make().attachments.of("t").value).toHaveLength(1);
});

test("a file that is taken away stops going up", async () => {
  const { attachments } = make();
  attachments.add("t", [text("a.csv")]);
  await upload(1);
  const [first] = attachments.of("t").value;
  if (first) attachments.remove("t", first);
  expect(uploads[0]?.signal.aborted).toBe(true);
  expect(attachments.take("t")).toEqual([]);
});

test("what failed for want of a network goes up again by itself, and once only", async () => {
  const { attachments, states } = make();
  attachments.add("t", [text("a.csv")]);
  await upload(1);
  uploads[0]?.fail(new TypeError("network"));
  await vi.waitFor(() => expect(states()).toEqual([{ kind: "failed", problem: UNREACHABLE }]));
  attachments.retryUnreachable();
  attachments.retryUnreachable();
  await upload(2);
  uploads[1]?.end(part("1"));
  await vi.waitFor(() => expect(states()[0]?.kind).toBe("ready"));
  attachments.retryUnreachable();
  expect(uploads).toHaveLength(2);
});

test("what the agent refuses says so, and is not tried again by itself", async () => {
  const { attachments, states } = make();
  attachments.add("t", [text("a.csv")]);
  await upload(1);
  uploads[0]?.fail(new Refused(FILE_REFUSED, "attachment_refused"));
  await vi.waitFor(() => expect(states()).toEqual([{ kind: "failed", problem: FILE_REFUSED }]));
  attachments.retryUnreachable();
  expect(uploads).toHaveLength(1);
  const [first] = attachments.of("t").value;
  if (first) attachments.retry("t", first);
  await upload(2);
});

test("a file that is too large never leaves", async () => {
  agent.value = { limits: { documentBytes: 2 } };
  const { attachments, states } = make();
  attachments.add("t", [text("a.csv"), text("empty.csv", "")]);
  await vi.waitFor(() => expect(states().map(({ kind }) => kind)).toEqual(["failed", "failed"]));
  expect(uploads).toEqual([]);
});

test("an image goes up as the browser has made it", async () => {
  const { attachments } = make(async () => new Blob(["small"], { type: "image/jpeg" }));
  attachments.add("t", [new File(["x".repeat(9_000_000)], "photo.heic", { type: "image/heic" })]);
  await upload(1);
  expect(uploads[0]).toMatchObject({ name: "photo.heic", data: btoa("small") });
});

test("more files than a message may have are not taken at all", () => {
  agent.value = { limits: { images: 1, documents: 1 } };
  const { attachments } = make();
  const image = () => new File(["x"], "a.png", { type: "image/png" });
  expect(attachments.add("t", [image(), image()])).toBe(false);
  expect(attachments.add("t", [image(), text("a.csv")])).toBe(true);
  expect(attachments.add("t", [text("b.csv")])).toBe(false);
  expect(attachments.of("t").value).toHaveLength(2);
});
