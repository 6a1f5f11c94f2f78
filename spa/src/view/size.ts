import { formatNumber } from "../i18n";

/** A size in words: "17 bytes", "58 kB", "1.2 MB". */
export function formatBytes(bytes: number): string {
  const [value, unit] =
    bytes < 1_000
      ? [bytes, "byte"]
      : bytes < 999_500
        ? [bytes / 1_000, "kilobyte"]
        : [bytes / 1_000_000, "megabyte"];
  const maximumFractionDigits = value < 10 ? 1 : 0;
  const unitDisplay = unit === "byte" ? "long" : "short";
  return formatNumber(value, { style: "unit", unit, unitDisplay, maximumFractionDigits });
}
