/**
 * The view model: what a screen shows, kept true by what the process tells; and what people do, as calls.
 *
 * 1. It holds no keys and no protocol: lines, names and states, as the client's calls answer them.
 * 2. Everything is forgotten when the profile is locked.
 * 3. Listeners are told of a burst of changes once.
 */
import { createConversations } from "./conversations.ts";
import { withDraft, withRead } from "./group-rows.ts";
import { createNotes, DRAFT_NOTE } from "./notes.ts";
import { PREFERENCES_NOTE, writePreferences } from "./preferences.ts";
import type { ViewSurroundings } from "./screen-link.ts";
import type { ScreenMethod, ScreenMethods } from "./screen-methods.ts";
import type { ViewModel } from "./view-api.ts";
import { askGroups, askWho, INITIAL_VIEW, take, type ViewParts } from "./view-news.ts";
import type { ViewState } from "./view-state.ts";
import { createViewStore } from "./view-store.ts";

/** Changes that come together are asked about together (ms). */
const ASK_MS = 150;
/** Calls after which the list of groups may be another. */
const CHANGES_GROUPS = /^group-(?:create|join|cancel|leave|rename|remove|add)$|^account-leave$/;

/** Starts the link and keeps the view from then on. */
export function createViewModel(surroundings: ViewSurroundings): ViewModel {
  const { link, after } = surroundings;
  const complete = (state: ViewState): ViewState => {
    const now = conversations.views();
    return now === state.conversations ? state : { ...state, conversations: now };
  };
  const store = createViewStore(INITIAL_VIEW, complete, surroundings);
  const conversations = createConversations({
    ...surroundings,
    me: () => ({ account: store.next().me?.account ?? "", name: store.next().me?.name ?? "" }),
    unread: (group) => store.next().groups.find(({ id }) => id === group)?.unread ?? 0,
    changed: () => store.touch(),
  });
  const notes = createNotes(surroundings);
  const parts: ViewParts = { ...surroundings, store, conversations, drafts: new Map(), later: laterOnce(after) };
  link.start((news) => {
    if ((news.kind === "profile" || news.kind === "live") && news.profile.phase !== "open") notes.forget();
    take(parts, news);
  });
  const refreshGroups = (): void => parts.later("groups", () => void askGroups(parts));
  return {
    state: () => store.shown(),
    subscribe: store.subscribe,
    call: async (method, params, signal) => {
      const result = await link.call(method, params, signal === undefined ? {} : { signal });
      await refreshAfter(parts, method, params);
      return result;
    },
    openGroup: conversations.openGroup,
    loadOlder: conversations.loadOlder,
    loadNewer: conversations.loadNewer,
    markRead: (group) => {
      if ((store.next().groups.find(({ id }) => id === group)?.unread ?? 0) === 0) return;
      store.change({ groups: withRead(store.next().groups, group) });
      void link.call("mark-read", { group }).catch(refreshGroups);
    },
    goTo: async (group, to) => {
      const place = await conversations.goTo(group, to);
      store.flush(); // the answer is a place in what is shown
      return place;
    },
    send: (group, text) => {
      conversations.send(group, text);
      setDraft(parts, group, "");
      notes.keep(`${DRAFT_NOTE}${group}`, "");
    },
    retry: conversations.retry,
    discard: conversations.discard,
    saveDraft: (group, text) => {
      setDraft(parts, group, text);
      notes.keep(`${DRAFT_NOTE}${group}`, text);
    },
    saveNow: notes.flush,
    setPreferences: (change) => {
      const preferences = { ...store.next().preferences, ...change };
      store.change({ preferences });
      notes.keep(PREFERENCES_NOTE, writePreferences(preferences));
    },
    dismissWarning: (id) => store.change({ warnings: store.next().warnings.filter((each) => each.id !== id) }),
  };
}

/** What a call has changed and no event tells of. */
async function refreshAfter(parts: ViewParts, method: ScreenMethod, params: object): Promise<void> {
  if (CHANGES_GROUPS.test(method)) parts.later("groups", () => void askGroups(parts));
  parts.conversations.refresh(markedGroup(method, params) ?? "");
  if (method === "name-change") await askWho(parts);
}

/** The group in which a call has marked somebody as verified, or no more: our own affair, of which no event tells. */
function markedGroup(method: ScreenMethod, params: object): string | undefined {
  const { group, mark } = params as Partial<ScreenMethods["verify"][0]>;
  return method === "verify" && mark !== undefined ? group : undefined;
}

function laterOnce(after: ViewSurroundings["after"]): ViewParts["later"] {
  const waiting = new Set<string>();
  return (what, work) => {
    if (waiting.has(what)) return;
    waiting.add(what);
    after(ASK_MS, () => {
      waiting.delete(what);
      work();
    });
  };
}

function setDraft({ store, drafts }: ViewParts, group: string, text: string): void {
  drafts.set(group, text);
  const groups = withDraft(store.next().groups, group, text);
  if (groups !== store.next().groups) store.change({ groups });
}
