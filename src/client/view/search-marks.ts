/** Where the words that somebody looks for stand in a text. */

/** Places in UTF-16 units: from the first up to the second. */
export type Mark = readonly [start: number, end: number];

/** Marks of one text at most: a text that is one letter 60,000 times would be as many elements on the screen. */
const MARKS_MAX = 200;

/** Places of words of `text` that begin with a word of `words`, in order, never overlapping. No difference is made between capital and small letters. */
export function searchMarks(text: string, words: string): readonly Mark[] {
  const wanted = words.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (wanted.length === 0) return [];
  const longestFirst = [...wanted].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}\\p{M}])(?:${longestFirst.join("|")})`, "giu");
  const marks: Mark[] = [];
  for (const found of text.matchAll(pattern)) {
    marks.push([found.index, found.index + found[0].length]);
    if (marks.length >= MARKS_MAX) break;
  }
  return marks;
}
