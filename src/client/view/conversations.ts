/** What happens in the conversations that were opened, and what people do there. */
import type { MessageView } from "../api.ts";
import type { FileView } from "../file-api.ts";
import { type ConversationParts, createConversationBook } from "./conversation-book.ts";
import { goTo, loadAt, refresh } from "./conversation-pages.ts";
import { changeLine } from "./line-window.ts";
import { type OpenConversation, withArrived, withOutcome, without, withTaken, withTyped } from "./open-conversation.ts";
import type { Failure } from "./screen-methods.ts";
import type { ViewModel } from "./view-api.ts";
import type { Conversation } from "./view-state.ts";

/** Changes of a group that come together are looked at together (ms). */
const REFRESH_MS = 200;

export interface Conversations
  extends Pick<ViewModel, "openGroup" | "loadOlder" | "loadNewer" | "goTo" | "send" | "retry" | "discard"> {
  /** A line has come or changed; answers whether it was not there before, as far as that is known. */
  readonly arrived: (group: string, line: MessageView) => boolean;
  /** How far one of our lines has come. */
  readonly sent: (group: string, id: string, state: Pick<MessageView, "state" | "delivery">) => void;
  readonly moved: (group: string, file: FileView) => void;
  readonly withdrawn: (group: string, id: string) => void;
  /** Who is in it or what it is called has changed: both are asked for, with the newest lines. */
  readonly refresh: (group: string) => void;
  /** Everything may have changed. */
  readonly refreshAll: () => void;
  readonly forget: () => void;
  readonly views: () => Readonly<Record<string, Conversation>>;
}

export function createConversations(parts: ConversationParts): Conversations {
  const book = createConversationBook(parts);
  const { get, set } = book;
  const waiting = new Set<string>();
  const deliver = async (group: string, id: string, text: string): Promise<void> => {
    try {
      const { message } = await parts.link.call("send", { group, text, waitMs: 0 }, { id });
      set(group, (each) => withTaken(each, id, message.id));
    } catch (failure) {
      set(group, (each) => withOutcome(each, id, failure as Failure));
    }
  };
  return {
    openGroup: (group) => {
      book.open(group);
      refresh(book, group);
    },
    loadOlder: (group) => void loadAt(book, group, "older"),
    loadNewer: (group) => void loadAt(book, group, "newer"),
    goTo: (group, to) => goTo(book, group, to),
    send: (group, text) => {
      const id = parts.newId();
      set(group, (each) => withTyped(each, { id, text, nowMs: parts.nowMs(), from: parts.me() }));
      void deliver(group, id, text);
    },
    retry: (group, row) => {
      const failed = get(group)?.pending.find((each) => each.row.id === row && each.row.sending === "failed");
      if (failed === undefined) return;
      set(group, (each) => withOutcome(each, row, undefined));
      void deliver(group, row, failed.row.line.text);
    },
    discard: (group, row) => set(group, (each) => without(each, row)),
    arrived: (group, line) => {
      const isKnown = get(group)?.window.lines.some(({ id }) => id === line.id) === true;
      set(group, (each) => withArrived(each, line, line.from.account === parts.me().account));
      return !isKnown;
    },
    sent: (group, id, state) => set(group, (each) => inWindow(each, id, (line) => ({ ...line, ...state }))),
    moved: (group, file) => set(group, (each) => inWindow(each, file.id, (line) => ({ ...line, file }))),
    withdrawn: (group, id) => set(group, (each) => inWindow(each, id, () => undefined)),
    refresh: (group) => {
      if (get(group) === undefined || waiting.has(group)) return;
      waiting.add(group);
      parts.after(REFRESH_MS, () => {
        waiting.delete(group);
        if (get(group)) refresh(book, group);
      });
    },
    refreshAll: () => {
      for (const group of book.groups()) refresh(book, group);
    },
    forget: book.forget,
    views: book.views,
  };
}

function inWindow(
  conversation: OpenConversation,
  id: string,
  change: Parameters<typeof changeLine>[2],
): OpenConversation {
  const window = changeLine(conversation.window, id, change);
  return window === conversation.window ? conversation : { ...conversation, window };
}
