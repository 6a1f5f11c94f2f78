import { IMAGES } from "../run/files";

/** Models see no more: Claude's own limit is 1,568, and others scale what is larger. */
const LONGEST_SIDE = 2_048;
const QUALITY = [0.85, 0.7, 0.5];

/**
 * An image as it is sent: as it is where models can read it, else smaller, or of a kind that they can,
 * if this browser can read it. A photo that is made anew no longer says where it was taken.
 *
 * @returns undefined for a file that is no image, or cannot be made small enough
 */
export async function scaleImage(file: Blob, maxBytes: number): Promise<Blob | undefined> {
  if (!file.type.startsWith("image/")) return undefined;
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap) return undefined;
  const { width, height } = bitmap;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const isRead = IMAGES.has(file.type) && file.size <= maxBytes;
  if (isRead && scale === 1) {
    bitmap.close();
    return file;
  }
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  );
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  // A drawing or a picture of a screen stays sharp, and may be transparent.
  const ways = QUALITY.map((quality) => ({ type: "image/jpeg", quality }));
  if (file.type !== "image/jpeg") ways.unshift({ type: "image/png", quality: 1 });
  for (const way of ways) {
    const made = await canvas.convertToBlob(way);
    if (made.size <= maxBytes) return made;
  }
  return undefined;
}
