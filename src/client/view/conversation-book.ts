/** The conversations that are open, and how they are shown: made anew only where something changed. */
import type { MessageView } from "../api.ts";
import { NEW_CONVERSATION, type OpenConversation, shown } from "./open-conversation.ts";
import type { ViewSurroundings } from "./screen-link.ts";
import type { Conversation } from "./view-state.ts";

/** Conversations that are kept; the one opened longest ago goes, and is loaded again when it is opened again. */
const OPEN_MAX = 10;

/** What conversations work with. */
export interface ConversationParts extends ViewSurroundings {
  /** Our own account and name. */
  readonly me: () => MessageView["from"];
  /** How much is new in a group. */
  readonly unread: (group: string) => number;
  /** Something of them has changed: {@link ConversationBook.views} answers something else. */
  readonly changed: () => void;
}

export interface ConversationBook {
  readonly parts: ConversationParts;
  readonly get: (group: string) => OpenConversation | undefined;
  /** Changes one that is open; the same object means no change. */
  readonly set: (group: string, change: (conversation: OpenConversation) => OpenConversation) => void;
  /** Opens it, or moves it to the front. */
  readonly open: (group: string) => void;
  readonly groups: () => readonly string[];
  readonly forget: () => void;
  readonly views: () => Readonly<Record<string, Conversation>>;
}

export function createConversationBook(parts: ConversationParts): ConversationBook {
  const all = new Map<string, OpenConversation>();
  const dirty = new Set<string>();
  let views: Readonly<Record<string, Conversation>> = {};
  const show = (group: string, open: OpenConversation): Conversation => {
    const kept = views[group];
    if (kept && !dirty.has(group)) return kept;
    const { conversation, view } = shown(open, { account: parts.me().account, dayOf: parts.dayOf });
    all.set(group, conversation);
    return view;
  };
  return {
    parts,
    get: (group) => all.get(group),
    set: (group, change) => {
      const before = all.get(group);
      const next = before && change(before);
      if (next === undefined || next === before) return;
      all.set(group, next);
      dirty.add(group);
      parts.changed();
    },
    open: (group) => {
      const known = all.get(group);
      all.delete(group);
      all.set(group, { ...(known ?? NEW_CONVERSATION), unread: undefined });
      const [oldest] = all.keys();
      if (all.size > OPEN_MAX && oldest !== undefined) all.delete(oldest);
      dirty.add(group);
      parts.changed();
    },
    groups: () => [...all.keys()],
    forget: () => {
      all.clear();
      dirty.clear();
      views = {};
      parts.changed();
    },
    views: () => {
      if (dirty.size > 0) views = Object.fromEntries([...all].map(([group, open]) => [group, show(group, open)]));
      dirty.clear();
      return views;
    },
  };
}
