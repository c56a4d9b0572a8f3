/**
 * A message's text taken apart: plain text, links, code in a line, code blocks. Nothing else is markup.
 *
 * 1. The parts' texts, put together, are the text without the marks around code: nothing is lost or invented.
 * 2. A link begins with http:// or https:// as typed, shows exactly what it leads to, and holds no space or invisible character.
 * 3. Linear in the text's length.
 */

export type MessagePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "block"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

/** Emoji in a message that is shown large, at most. */
const LARGE_MAX = 6;
/** No emoji has more UTF-16 units (families and flags of regions have 11 to 14). */
const EMOJI_UNITS_MAX = 20;

/** All spaces after the mark, or none is tried: else a block without an end would be looked for once for each space. */
const BLOCK = /```[^\S\n]*(?![^\S\n])(?:[\w+#-]*\n)?([\s\S]*?)\n?```\n?/g;
/** Code in a line, or a link. Excluded from a link: spaces, quotes, brackets, and what has no width or turns directions. */
const INLINE = /`([^`\n]+)`|https?:\/\/[^\s<>"`{}|\\^\p{C}]+/giu;
/** Punctuation that ends the sentence around a link rather than the link. */
const TRAILING = /[.,;:!?'"…\]»”’*_~]$/;

/** `text` as it may be shown (see safe-text.ts). */
export function messageParts(text: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let from = 0;
  for (const found of text.matchAll(BLOCK)) {
    const code = found[1] ?? "";
    if (code.trim() === "") continue;
    parts.push(...inlineParts(text.slice(from, found.index)), { kind: "block", text: code });
    from = found.index + found[0].length;
  }
  parts.push(...inlineParts(text.slice(from)));
  return parts;
}

function inlineParts(text: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const part = partOf(found);
    if (!part) continue;
    const start = found.index;
    if (start > from) parts.push({ kind: "text", text: text.slice(from, start) });
    parts.push(part);
    from = start + (part.kind === "link" ? part.text.length : found[0].length);
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}

function partOf([whole, code]: RegExpExecArray): MessagePart | undefined {
  if (code !== undefined) return { kind: "code", text: code };
  const link = withoutTrailing(whole);
  return /^https?:\/\/[^/?#@:]/i.test(link) ? { kind: "link", text: link, href: link } : undefined;
}

/** A link without the punctuation after it; a closing bracket belongs to it if it opens one. */
function withoutTrailing(link: string): string {
  let end = link.length;
  let open = 0;
  for (const char of link) open += char === "(" ? 1 : char === ")" ? -1 : 0;
  for (;;) {
    const last = link[end - 1] ?? "";
    if (last === ")" && open < 0) open++;
    else if (!TRAILING.test(last)) return link.slice(0, end);
    end--;
  }
}

/** Whether a message is one to LARGE_MAX emoji and nothing else, which is shown large. */
export function isEmojiOnly(text: string): boolean {
  const trimmed = text.replace(/\s+/g, "");
  if (trimmed === "" || trimmed.length > LARGE_MAX * EMOJI_UNITS_MAX) return false;
  const letters = [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(trimmed)];
  return letters.length <= LARGE_MAX && letters.every(({ segment }) => isEmoji(segment));
}

const isEmoji = (letter: string): boolean =>
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|\p{Extended_Pictographic}\p{Emoji_Modifier}|[0-9#*]\ufe0f?\u20e3)/u.test(
    letter,
  );
