import type { StoredFile, StoredPart } from "../api/stored";

/** An image of a tool's result, by the name of its file. */
export interface ImageFile {
  readonly id: string;
  readonly mimeType: string;
}

/** What a browser shows without running anything, which is not true of SVG. */
const SHOWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** The image that a content part is, if the page can show it. */
export function imageOf({ type, source }: StoredPart): ImageFile | undefined {
  if (type !== "image" || source?.type !== "file") return undefined;
  const { value: id, mimeType = "" } = source;
  return typeof id === "string" && SHOWN.has(mimeType) ? { id, mimeType } : undefined;
}

/** The images of a content, each once. */
export function imagesOf(content: string | readonly StoredPart[] | undefined): ImageFile[] {
  if (content === undefined || typeof content === "string") return [];
  const images = content.flatMap((part) => imageOf(part) ?? []);
  return [...new Map(images.map((image) => [image.id, image])).values()];
}

/** A content's text; of parts that are neither text nor an image that is shown, what they are. */
export function plainText(content: string | readonly StoredPart[] | undefined): string {
  if (content === undefined || typeof content === "string") return content ?? "";
  const told = content.filter((part) => !imageOf(part));
  return told.map((part) => part.text ?? `[${part.source?.mimeType ?? part.type}]`).join("\n");
}

/** @throws TypeError for a file that is no image which the page can show, or is damaged */
export function blobOf({ mimeType, data }: StoredFile): Blob {
  if (!SHOWN.has(mimeType)) throw new TypeError(mimeType);
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  return new Blob([bytes], { type: mimeType });
}
