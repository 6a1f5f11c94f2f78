/**
 * Which runs of `*` and `~` open and close beside Chinese, Japanese and Korean text.
 *
 * CommonMark looks at punctuation and blanks around a run, and these scripts put no blank between
 * their punctuation and the next word. So, as the "markdown-cjk-friendly" specification has it: their
 * punctuation counts as a letter inside a run, and any of their characters as punctuation outside it.
 * https://github.com/tats-u/markdown-cjk-friendly/blob/main/specification.md
 *
 * The patterns are marked's own, with that change; marked numbers what they capture.
 */

const MARKS =
  "\\u3001-\\u3004\\u3008-\\u3020\\u3030\\u303d\\u30fb\\ufe10-\\ufe1f\\ufe30-\\ufe4f\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65\\uffe0-\\uffee";
const LETTERS =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Bopomofo}";

/** One character: of these scripts; punctuation of any other; anything that is neither that nor blank. */
const CJK = `[${LETTERS}${MARKS}]`;
const PUNCTUATION = `(?![${MARKS}])[\\p{P}\\p{S}]`;
const LETTER = `(?:[^\\s\\p{P}\\p{S}]|[${MARKS}])`;
// To emphasis a tilde is a letter: it stands inside bold words that are struck through.
const TILDED = { punctuation: `(?!~)${PUNCTUATION}`, letter: `(?:${LETTER}|~)` };
const UNTILDED = { punctuation: PUNCTUATION, letter: LETTER };

/** @param run the pattern of a run, with its group; @param mark its character, escaped */
function closing(
  start: string,
  run: string,
  mark: string,
  { punctuation, letter }: { punctuation: string; letter: string },
): RegExp {
  const outer = `(?!${mark})(?:${punctuation}|\\s)`;
  const inner = `(?!${mark})${punctuation}`;
  const alone = `(?!${mark})`;
  return new RegExp(
    [
      start,
      // Closes only.
      `${inner}${run}(?=\\s|$)`,
      `${letter}${run}${alone}(?=(?:${punctuation}|\\s)|$)(?!(?<=${CJK}${mark}+)${punctuation})`,
      // Opens only.
      `${outer}${run}(?=${letter})(?!(?<=(?:${punctuation})${mark}+)${CJK})`,
      `\\s${run}${alone}(?=${punctuation})`,
      // May do both.
      `${inner}${run}${alone}(?=${punctuation}|${CJK})`,
      `${letter}${run}(?=${letter}|${punctuation})`,
    ].join("|"),
    "gu",
  );
}

export const CJK_RULES = {
  emStrongLDelim: new RegExp(
    `^(?:\\*+(?:((?!\\*)${TILDED.punctuation})|([^\\s*]))?)|^_+(?:((?!_)${PUNCTUATION})|([^\\s_]))?`,
    "u",
  ),
  emStrongRDelimAst: closing(
    "^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])",
    "(\\*+)",
    "\\*",
    TILDED,
  ),
  delLDelim: new RegExp(`^~~?(?:((?!~)${PUNCTUATION})|[^\\s~])`, "u"),
  delRDelim: closing("^[^~]+(?=[^~])", "(~~?)", "~", UNTILDED),
  punctuation: new RegExp(`^((?![*_])(?:${PUNCTUATION}|\\s|${CJK}))`, "u"),
};
