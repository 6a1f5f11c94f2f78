/** Pairs of colours that have to be told apart: each text on each ground it stands on. */
const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ["accent", "ground"],
  ["accent", "raised"],
  ["accent-strong", "ground"],
  ["accent-strong", "accent-soft"],
  ["on-accent", "accent"],
  ["text", "ground"],
  ["text", "raised"],
  ["text", "accent-soft"],
  ["muted", "ground"],
];
/** WCAG 2.2, 1.4.3: the least for text of normal size. */
const LEAST = 4.5;
const SCHEMES = ["light", "dark"] as const;

type Rgb = readonly [red: number, green: number, blue: number];

/**
 * A sentence for each pair with too little contrast, in the light or in the dark.
 *
 * Of several values of a variable the last counts, as in a style sheet. Colours are read as #rgb or
 * #rrggbb, alone or as light-dark(); another form is not judged.
 */
export function faintPairs(css: string): string[] {
  const colours = new Map<string, readonly (Rgb | undefined)[]>();
  for (const [, name = "", value = ""] of css.matchAll(/--([\w-]+):\s*([^;]+);/g)) {
    const both = /^light-dark\(([^,]+),([^,]+)\)$/.exec(value.trim());
    colours.set(name, both ? [rgb(both[1]), rgb(both[2])] : [rgb(value), rgb(value)]);
  }
  return PAIRS.flatMap(([text, ground]) =>
    SCHEMES.flatMap((scheme, i) => {
      const [one, other] = [colours.get(text)?.[i], colours.get(ground)?.[i]];
      if (!one || !other) return [];
      const ratio = contrast(one, other);
      if (ratio >= LEAST) return [];
      return [
        `brand.css: the contrast of --${text} on --${ground} (${scheme}) is ${ratio.toFixed(2)}:1; people need ${LEAST}:1`,
      ];
    }),
  );
}

function rgb(text: string | undefined): Rgb | undefined {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text?.trim() ?? "")?.[1];
  if (!digits) return undefined;
  const size = digits.length / 3;
  const channel = (i: number) => {
    const part = digits.slice(i * size, (i + 1) * size);
    return Number.parseInt(size === 1 ? part + part : part, 16) / 255;
  };
  return [channel(0), channel(1), channel(2)];
}

function contrast(one: Rgb, other: Rgb): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((c) =>
    c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
