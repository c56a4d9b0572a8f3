/**
 * What strangers typed, made harmless to look at: the same letters, without what reorders, hides or piles up.
 *
 * 1. Nothing that is left changes the direction of what stands beside it, or takes no room at all.
 * 2. A letter carries at most MARKS_MAX marks, so that no line grows over its neighbours.
 * 3. A name is one line of at most NAME_MAX letters; one that shows nothing is "".
 */

/** More marks on a letter than any living script stacks. */
const MARKS_MAX = 4;
/** Letters of a name that are shown: what a line has room for, far above real names. */
const NAME_MAX = 64;

/** Controls but tab and line feed, bidi embeddings, overrides, isolates and marks, and what has no width. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
/** Line ends other than line feed. */
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;
/** Letters that look like nothing. */
const BLANKS = /[\u115f\u1160\u2800\u3164\uffa0]/g;
const PILED_MARKS = new RegExp(`(\\p{M}{${MARKS_MAX}})\\p{M}+`, "gu");
/** A joiner belongs between two pictures, where it makes them one; in a name it would tell two equal-looking ones apart. */
const LOOSE_JOINERS =
  /(?<![\p{Extended_Pictographic}\p{M}\p{Emoji_Modifier}])\u200d|\u200d(?!\p{Extended_Pictographic})|\u200c/gu;

/** Text of several lines as it may be shown. */
export const safeText = (text: string): string =>
  text.replace(LINE_ENDS, "\n").replace(HIDDEN, "").replace(PILED_MARKS, "$1");

/** A name of a person, group or file as it may be shown: one line, cut; "" when nothing of it can be seen. */
export function safeName(name: string): string {
  const line = safeText(name.slice(0, 16 * NAME_MAX))
    .replace(BLANKS, " ")
    .replace(LOOSE_JOINERS, "")
    .replace(/\s+/g, " ")
    .trim();
  const letters = [...line];
  return letters.length <= NAME_MAX ? line : `${letters.slice(0, NAME_MAX - 1).join("")}…`;
}
