/**
 * Loading of a conversation's pages.
 *
 * 1. A page is joined to the window that it was asked for; if that is another by now, the page is dropped.
 * 2. One page of a conversation is loaded at a time; what went wrong stands in the conversation.
 */
import type { MessageView } from "../api.ts";
import type { ConversationBook } from "./conversation-book.ts";
import { type LineWindow, withNewer, withNewest, withOlder } from "./line-window.ts";
import type { OpenConversation } from "./open-conversation.ts";
import type { Failure } from "./screen-methods.ts";
import type { Destination } from "./view-api.ts";
import type { Conversation } from "./view-state.ts";

/** Lines that are loaded at once: several screens full. */
export const PAGE_LINES = 100;

type Join = (conversation: OpenConversation) => OpenConversation;

async function load(
  { get, set }: ConversationBook,
  group: string,
  { how, page }: { readonly how: Conversation["loading"]; readonly page: () => Promise<Join> },
): Promise<void> {
  if (get(group)?.loading !== "none") return;
  set(group, (each) => ({ ...each, loading: how, failed: undefined }));
  try {
    const join = await page();
    set(group, (each) => ({ ...join(each), loading: "none" }));
  } catch (failure) {
    set(group, (each) => ({ ...each, loading: "none", failed: failure as Failure }));
  }
}

/** The newest lines, and where what is new begins. */
async function newestPage({ parts }: ConversationBook, group: string): Promise<Join> {
  const { messages, firstUnread } = await parts.link.call("history", { group, limit: PAGE_LINES, peek: true });
  return (each) => ({
    ...each,
    window: withNewest(each.window, messages, PAGE_LINES),
    unread: firstUnread === undefined ? each.unread : { line: firstUnread, count: Math.max(1, parts.unread(group)) },
  });
}

/** Who is in the group, and its newest lines unless people are reading far from them. */
export function refresh(book: ConversationBook, group: string): void {
  void askInfo(book, group);
  const window = book.get(group)?.window;
  if (window?.atEnd || window?.lines.length === 0)
    void load(book, group, { how: "first", page: () => newestPage(book, group) });
}

async function askInfo({ parts, set }: ConversationBook, group: string): Promise<void> {
  const info = await parts.link.call("group-info", { group }).catch(() => undefined);
  if (info) set(group, (each) => ({ ...each, info }));
}

const edgeOf = ({ lines }: LineWindow, side: "older" | "newer"): MessageView | undefined =>
  side === "older" ? lines[0] : lines.at(-1);

/** The page before the window's first line, or after its last. */
export async function loadAt(book: ConversationBook, group: string, side: "older" | "newer"): Promise<void> {
  const window = book.get(group)?.window;
  const edge = window && edgeOf(window, side);
  if (edge === undefined || (side === "older" ? window?.atStart : window?.atEnd)) return;
  const page = async (): Promise<Join> => {
    const place = side === "older" ? { before: edge.id } : { after: edge.id };
    const asked = { group, limit: PAGE_LINES, peek: true, ...place };
    const { messages } = await book.parts.link.call("history", asked);
    const join = side === "older" ? withOlder : withNewer;
    return (each) =>
      edgeOf(each.window, side)?.id === edge.id ? { ...each, window: join(each.window, messages, PAGE_LINES) } : each;
  };
  await load(book, group, { how: side, page });
}

/** See `ViewModel.goTo`. */
export async function goTo(book: ConversationBook, group: string, to: Destination): Promise<number | undefined> {
  if (to === "newest") return await goToNewest(book, group);
  const id = to === "first-unread" ? book.get(group)?.unread?.line : to;
  if (id === undefined) return undefined;
  const here = placeOf(book, group, id);
  if (here !== undefined) return here;
  await loadAround(book, group, id).catch(() => undefined);
  return placeOf(book, group, id);
}

async function goToNewest(book: ConversationBook, group: string): Promise<number | undefined> {
  if (!book.get(group)?.window.atEnd) {
    const join = await newestPage(book, group);
    book.set(group, (each) => join({ ...each, window: { ...each.window, lines: [] } }));
  }
  const count = book.views()[group]?.rows.length ?? 0;
  return count === 0 ? undefined : count - 1;
}

async function loadAround({ parts, set }: ConversationBook, group: string, id: string): Promise<void> {
  const page = await parts.link.call("history", { group, around: id, limit: PAGE_LINES, peek: true });
  set(group, (each) => ({ ...each, window: windowAround(page.messages, id) }));
}

/** Of a page around a line: what is missing on a side is not there. */
function windowAround(lines: readonly MessageView[], id: string): LineWindow {
  const half = PAGE_LINES / 2;
  const place = lines.findIndex((line) => line.id === id);
  return { lines, atStart: place < half, atEnd: lines.length - place - 1 < half };
}

/** The place in `rows` of a line that is in the window. */
function placeOf(book: ConversationBook, group: string, id: string): number | undefined {
  const name = book.get(group)?.names.get(id) ?? id;
  const place = book.views()[group]?.rows.findIndex((row) => row.id === name) ?? -1;
  return place < 0 ? undefined : place;
}
