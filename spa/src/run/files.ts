import type { StoredFile, StoredPart } from "../api/stored";

/** A file of a message or of a tool's result. */
export interface FileRef {
  /** The name that the conversation has of it, by which its bytes are asked for. */
  readonly id: string;
  readonly kind: "image" | "document";
  readonly mimeType: string;
  /** What its sender calls it; empty for a tool's. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

type Content = string | readonly StoredPart[] | undefined;

/** What models read, and a browser shows without running anything, which is not true of SVG. */
export const IMAGES: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
]);

/** The file that a content part is, if the page can offer it. */
export function fileOf({ type, source, metadata }: StoredPart): FileRef | undefined {
  if (source?.type !== "file" || typeof source.value !== "string") return undefined;
  const { value: id, mimeType = "" } = source;
  if (type !== "document" && !(type === "image" && IMAGES.has(mimeType))) return undefined;
  const { name, size } = metadata ?? {};
  return {
    id,
    kind: type,
    mimeType,
    name: typeof name === "string" ? name : "",
    size: typeof size === "number" ? size : 0,
  };
}

/** The part of a message that a file is. */
export function partOf({ id, kind, mimeType, name, size }: FileRef): StoredPart {
  const source = { type: "file", value: id, mimeType };
  return { type: kind, source, metadata: { size, ...(name ? { name } : {}) } };
}

/** The files of a content, each once. */
export function filesOf(content: Content): FileRef[] {
  if (content === undefined || typeof content === "string") return [];
  const files = content.flatMap((part) => fileOf(part) ?? []);
  return [...new Map(files.map((file) => [file.id, file])).values()];
}

/** A content's text; of parts that are neither text nor a file that is shown, what they are. */
export function plainText(content: Content): string {
  if (content === undefined || typeof content === "string") return content ?? "";
  const told = content.filter((part) => !fileOf(part));
  return told.map((part) => part.text ?? `[${part.source?.mimeType ?? part.type}]`).join("\n");
}

/** A file's bytes, under a type that no browser runs. */
export function blobOf({ mimeType, data }: StoredFile): Blob {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  return new Blob([bytes], { type: IMAGES.has(mimeType) ? mimeType : "application/octet-stream" });
}
