/** What the process tells, and what is asked about it. */
import type { MessageView } from "../api.ts";
import type { ClientEvent } from "../event-api.ts";
import type { Conversations } from "./conversations.ts";
import { groupRows, withMessage, withRead } from "./group-rows.ts";
import { DRAFT_NOTE } from "./notes.ts";
import { DEFAULT_PREFERENCES, PREFERENCES_NOTE, readPreferences } from "./preferences.ts";
import type { LinkNews, ViewSurroundings } from "./screen-link.ts";
import type { ProfileState } from "./screen-messages.ts";
import type { ViewState, WarningRow } from "./view-state.ts";
import type { ViewStore } from "./view-store.ts";

/** Warnings that are kept; older ones have been there for long. */
const WARNINGS_MAX = 100;

/** Before anything is known. */
export const INITIAL_VIEW: ViewState = {
  phase: "connecting",
  server: "lost",
  directory: "",
  defaultRelays: [],
  relays: [],
  peers: [],
  outbox: 0,
  groupsLoaded: false,
  groups: [],
  conversations: {},
  warnings: [],
  preferences: DEFAULT_PREFERENCES,
};

/** What news are taken with. */
export interface ViewParts extends ViewSurroundings {
  readonly store: ViewStore;
  readonly conversations: Conversations;
  /** Group -> what was typed and not sent. */
  readonly drafts: Map<string, string>;
  /** Does something a little later, once for all that ask until then. */
  readonly later: (what: string, work: () => void) => void;
}

/** One piece of news from the process. */
export function take(parts: ViewParts, news: LinkNews): void {
  const { store } = parts;
  switch (news.kind) {
    case "live": {
      const isSame = news.resumed && store.next().phase === news.profile.phase;
      store.change({ server: "live" });
      if (!isSame) enter(parts, news.profile);
      return;
    }
    case "lost":
      store.change({ server: "lost" });
      return;
    case "shut-out":
      parts.conversations.forget();
      store.replace({ ...INITIAL_VIEW, phase: "shut-out" });
      return;
    case "profile":
      enter(parts, news.profile);
      return;
    case "anew":
      askAll(parts);
      return;
    case "event":
      happened(parts, news.event);
      return;
  }
}

/** The profile is what it says; what was shown of another state of it goes. */
function enter(parts: ViewParts, { phase, directory, defaultRelays, invite }: ProfileState): void {
  const { store, conversations, drafts } = parts;
  if (phase !== "open" || store.next().phase !== "open") {
    conversations.forget();
    drafts.clear();
    const given = { phase, directory, defaultRelays, ...(invite === undefined ? {} : { invite }) };
    store.replace({ ...INITIAL_VIEW, server: "live", ...given });
  }
  if (phase === "open") askAll(parts);
}

/** What is shown at first, and after events were lost. */
function askAll(parts: ViewParts): void {
  void askMe(parts);
  void askStatus(parts);
  parts.conversations.refreshAll();
}

async function askMe(parts: ViewParts): Promise<void> {
  const { link, store, drafts } = parts;
  const asked = Promise.all([link.call("whoami", {}), link.call("notes", {})]);
  const [me, { notes }] = await asked.catch(() => [undefined, { notes: [] }] as const);
  if (me === undefined || store.next().phase !== "open") return;
  store.change({ me });
  for (const { name, text } of notes) {
    const group = name.startsWith(DRAFT_NOTE) ? name.slice(DRAFT_NOTE.length) : undefined;
    if (group !== undefined && !drafts.has(group)) drafts.set(group, text);
    if (name === PREFERENCES_NOTE) store.change({ preferences: readPreferences(text) });
  }
  await askGroups(parts);
}

/** What we are called has changed. */
export async function askWho({ link, store }: ViewParts): Promise<void> {
  const me = await link.call("whoami", {}).catch(() => undefined);
  if (me !== undefined && store.next().phase === "open") store.change({ me });
}

/** The list of groups, as it is now. */
export async function askGroups({ link, store, drafts }: ViewParts): Promise<void> {
  const list = await link.call("group-list", { lines: true }).catch(() => undefined);
  const { me, phase } = store.next();
  if (list === undefined || phase !== "open") return;
  store.change({ groupsLoaded: true, groups: groupRows(list.groups, me?.account ?? "", drafts) });
}

async function askStatus({ link, store }: ViewParts): Promise<void> {
  const status = await link.call("status", {}).catch(() => undefined);
  if (status === undefined || store.next().phase !== "open") return;
  const { relays, peers, outbox } = status;
  store.change({ relays, peers, outbox });
}

const isoTime = (ms: number): string => new Date(ms).toISOString();

/** One thing that happened. */
function happened(parts: ViewParts, event: ClientEvent): void {
  const { store, conversations, later } = parts;
  const groupsLater = (): void => later("groups", () => void askGroups(parts));
  const statusLater = (): void => later("status", () => void askStatus(parts));
  switch (event.event) {
    case "message":
      statusLater();
      messageCame(parts, event.group.id, event.message);
      return;
    case "sent": {
      const { state, delivery } = event;
      statusLater();
      conversations.sent(event.group.id, event.message.id, delivery ? { state, delivery } : { state });
      return;
    }
    case "withdrawn":
      groupsLater();
      conversations.withdrawn(event.group.id, event.message.id);
      return;
    case "file":
      conversations.moved(event.group.id, event.file);
      return;
    case "read":
      store.change({ groups: withRead(store.next().groups, event.group.id) });
      return;
    case "member":
      groupsLater();
      conversations.refresh(event.group.id);
      if (event.change === "named" && event.by.account === store.next().me?.account) void askWho(parts);
      return;
    case "groups":
      groupsLater();
      return;
    case "status":
    case "peer":
      statusLater();
      return;
    case "warning":
      if (event.code === "restored-state") askAll(parts); // our own lines may have got other ids
      warn(parts, event);
      return;
    case "following":
      return;
  }
}

function messageCame(parts: ViewParts, group: string, line: MessageView): void {
  const { store, conversations, later } = parts;
  const isNew = conversations.arrived(group, line);
  const { groups, me } = store.next();
  const next = withMessage(groups, { group, line, account: me?.account ?? "" }, isNew);
  if (next !== groups) store.change({ groups: next });
  else later("groups", () => void askGroups(parts)); // of a group that we do not list yet
}

function warn({ store, nowMs, newId }: ViewParts, event: Extract<ClientEvent, { event: "warning" }>): void {
  const { code, message, group, member, relay } = event;
  const about = { ...(group ? { group } : {}), ...(member ? { member } : {}), ...(relay ? { relay } : {}) };
  const row: WarningRow = { id: newId(), code, message, at: isoTime(nowMs()), ...about };
  const isSame = (other: WarningRow): boolean =>
    other.code === code &&
    other.group?.id === group?.id &&
    other.member?.account === member?.account &&
    other.relay === relay;
  const others = store.next().warnings.filter((other) => !isSame(other));
  store.change({ warnings: [row, ...others].slice(0, WARNINGS_MAX) });
}
