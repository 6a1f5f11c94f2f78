import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Actions } from "../api/actions";
import { problemOf } from "../api/api";
import type { AgentInfo } from "../api/stored";
import { type FileRef, fileOf } from "../run/files";
import { FILE_REFUSED, type Problem, UNREACHABLE } from "../run/problems";

/** A file beside the message that is being written. */
export interface Attachment {
  readonly key: string;
  readonly name: string;
  /** What was chosen; undefined for one that was kept through a reload. */
  readonly source: File | undefined;
  readonly state: ReadonlySignal<UploadState>;
}

/** `part` is how far it has left, from 0 to 1. */
export type UploadState =
  | { readonly kind: "uploading"; readonly part: number }
  | { readonly kind: "ready"; readonly file: FileRef }
  | { readonly kind: "failed"; readonly problem: Problem };

/** The files beside the messages that are being written, by conversation. */
export interface Attachments {
  of(threadId: string): ReadonlySignal<readonly Attachment[]>;
  /** Begins to upload files; false when they are more than a message may have, and none is taken. */
  add(threadId: string, files: readonly File[]): boolean;
  /** Takes one away, also in the middle of its upload. */
  remove(threadId: string, attachment: Attachment): void;
  retry(threadId: string, attachment: Attachment): void;
  /** The network is back: what failed for want of it is tried again. */
  retryUnreachable(): void;
  /** The files to send, which are no longer beside the message; undefined while one is not ready. */
  take(threadId: string): readonly FileRef[] | undefined;
  /** Puts files back that were not sent. */
  put(threadId: string, files: readonly FileRef[]): void;
}

type Limits = Required<Omit<NonNullable<AgentInfo["limits"]>, "prompt">>;

/** Until the agent says otherwise. */
const LIMITS: Limits = {
  imageBytes: 3_750_000,
  documentBytes: 4_500_000,
  images: 20,
  documents: 5,
};
const STORED = "sluice.files.";

type ScaleImage = (file: Blob, maxBytes: number) => Promise<Blob | undefined>;

const scaleImage: ScaleImage = async (file, maxBytes) =>
  (await import("../browser/scale-image")).scaleImage(file, maxBytes);

interface Uploading extends Attachment {
  readonly state: Signal<UploadState>;
  abort: AbortController;
}

export function createAttachments(
  actions: Pick<Actions, "attach">,
  agent: ReadonlySignal<AgentInfo | undefined>,
  storage: Storage = sessionStorage,
  scale: ScaleImage = scaleImage,
): Attachments {
  const lists = new Map<string, Signal<readonly Uploading[]>>();
  const limits = (): Limits => ({ ...LIMITS, ...agent.value?.limits });

  function listOf(threadId: string): Signal<readonly Uploading[]> {
    let list = lists.get(threadId);
    if (!list) {
      const kept = JSON.parse(storage.getItem(STORED + threadId) ?? "[]") as FileRef[];
      list = signal(kept.map(ready));
      lists.set(threadId, list);
    }
    return list;
  }

  function change(threadId: string, next: readonly Uploading[]): void {
    listOf(threadId).value = next;
    keep(threadId);
  }

  /** So that a reload loses none that is there. */
  function keep(threadId: string): void {
    const files = listOf(threadId).value.flatMap(({ state }) =>
      state.value.kind === "ready" ? [state.value.file] : [],
    );
    try {
      if (files.length > 0) storage.setItem(STORED + threadId, JSON.stringify(files));
      else storage.removeItem(STORED + threadId);
    } catch {
      // The tab is full: they live as long as the page.
    }
  }

  async function upload(threadId: string, attachment: Uploading, source: File): Promise<void> {
    const abort = new AbortController();
    attachment.abort = abort;
    attachment.state.value = { kind: "uploading", part: 0 };
    let state: UploadState;
    try {
      const { imageBytes, documentBytes } = limits();
      const image = await scale(source, imageBytes);
      const blob = image ?? source;
      const data = blob.size > documentBytes ? undefined : await base64Of(blob);
      if (abort.signal.aborted) return;
      const file = { name: source.name, mimeType: blob.type, data: data ?? "" };
      const onProgress = (part: number) => {
        if (!abort.signal.aborted) attachment.state.value = { kind: "uploading", part };
      };
      const part = data
        ? await actions.attach(threadId, file, abort.signal, onProgress)
        : undefined;
      const kept = part && fileOf(part);
      state = kept ? { kind: "ready", file: kept } : { kind: "failed", problem: FILE_REFUSED };
    } catch (error) {
      state = { kind: "failed", problem: problemOf(error) };
    }
    if (abort.signal.aborted) return;
    attachment.state.value = state;
    keep(threadId);
  }

  return {
    of: listOf,

    add(threadId, files) {
      const before = listOf(threadId).value;
      const names = [
        ...before.map(({ source }) => source?.type ?? "image/"),
        ...files.map((f) => f.type),
      ];
      const images = names.filter((type) => type.startsWith("image/")).length;
      const { images: mostImages, documents: mostDocuments } = limits();
      if (images > mostImages || names.length - images > mostDocuments) return false;
      const added = files.map((source) => begun(source));
      change(threadId, [...before, ...added]);
      for (const each of added) if (each.source) void upload(threadId, each, each.source);
      return true;
    },

    remove(threadId, attachment) {
      const list = listOf(threadId).value;
      list.find(({ key }) => key === attachment.key)?.abort.abort();
      change(
        threadId,
        list.filter(({ key }) => key !== attachment.key),
      );
    },

    retry(threadId, attachment) {
      const found = listOf(threadId).value.find(({ key }) => key === attachment.key);
      if (found?.source && found.state.value.kind === "failed")
        void upload(threadId, found, found.source);
    },

    retryUnreachable() {
      for (const [threadId, list] of lists)
        for (const each of list.value) {
          const state = each.state.value;
          if (state.kind === "failed" && state.problem === UNREACHABLE) this.retry(threadId, each);
        }
    },

    take(threadId) {
      const list = listOf(threadId).value;
      const files = list.flatMap(({ state }) =>
        state.value.kind === "ready" ? [state.value.file] : [],
      );
      if (files.length < list.length) return undefined;
      change(threadId, []);
      return files;
    },

    put(threadId, files) {
      change(threadId, [...files.map(ready), ...listOf(threadId).value]);
    },
  };
}

function begun(source: File): Uploading {
  return {
    key: crypto.randomUUID(),
    name: source.name,
    source,
    state: signal<UploadState>({ kind: "uploading", part: 0 }),
    abort: new AbortController(),
  };
}

function ready(file: FileRef): Uploading {
  return {
    key: crypto.randomUUID(),
    name: file.name,
    source: undefined,
    state: signal<UploadState>({ kind: "ready", file }),
    abort: new AbortController(),
  };
}

async function base64Of(blob: Blob): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}
