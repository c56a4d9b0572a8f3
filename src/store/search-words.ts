/** What a person types into a search field, as an FTS5 expression that is always valid. */

/**
 * All words must occur, in any order; the last one may be the beginning of a word. Each is a quoted string, in which
 * FTS5 knows no operators. `undefined` when there are no words.
 */
export function searchExpression(words: string): string | undefined {
  // NUL would end the expression inside SQLite.
  const quoted = words
    .replaceAll("\0", " ")
    .split(/\s+/u)
    .filter((word) => word !== "")
    .map((word) => `"${word.replaceAll('"', '""')}"`);
  return quoted.length === 0 ? undefined : `${quoted.join(" ")}*`;
}
