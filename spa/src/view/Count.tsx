import { formatNumber, t } from "../i18n";

/** From this part of the limit on, the count is shown. */
const COUNTED_FROM = 0.8;

export interface Measure {
  /** In characters; 0 for a text too short to be counted. */
  readonly length: number;
  readonly limit: number;
  readonly isTooLong: boolean;
}

/** How long a message is. Characters are counted as the agent counts them: not halves of surrogate pairs. */
export function measure(text: string, limit: number): Measure {
  if (text.length < limit * COUNTED_FROM) return { length: 0, limit, isTooLong: false };
  let halves = 0;
  for (let i = 0; i < text.length; i += 1) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) halves += 1;
  }
  const length = text.length - halves;
  return { length, limit, isTooLong: length > limit };
}

/** What a long message's writer needs to know of its length. */
export function Count({ id, of: { length, limit, isTooLong } }: { id: string; of: Measure }) {
  if (length === 0) return null;
  return (
    <p id={id} class={isTooLong ? "count over" : "count"}>
      {t(isTooLong ? "composer.tooLong" : "composer.count", {
        length: formatNumber(length),
        limit: formatNumber(limit),
      })}
    </p>
  );
}
