/** Written states of the screen, by name. */
import type { MemberView } from "../../../src/client/api.ts";
import type { Conversation, GroupRow, Row, ViewState } from "../../../src/client/view/view-state.ts";
import { HOSTILE, STATES_OF_OURS, TALK } from "./lines.ts";
import { ACCOUNTS, DIGITS, GROUP } from "./people.ts";

const RELAY = "/dns4/relay.example/tcp/33001/p2p/12D3KooWQz7Yb8r5k9m2n4p6s8t1v3x5z7A9C1E3G5J7L9N1Q3S";

const member = (account: string, name: string, rest: Partial<MemberView> = {}): MemberView => ({
  account,
  name,
  role: "member",
  devices: 1,
  verified: false,
  ...rest,
});

const MEMBERS: readonly MemberView[] = [
  member(ACCOUNTS.mira, "Mira", { role: "owner", devices: 2 }),
  member(ACCOUNTS.jonas, "Jonas", { role: "admin", verified: true }),
  member(ACCOUNTS.aylin, "Aylin", { devices: 2 }),
  member(ACCOUNTS.tomas, "Tomás"),
];

const conversation = (rows: readonly Row[], rest: Partial<Conversation> = {}): Conversation => ({
  rows,
  firstIndex: 1_000_000,
  atStart: true,
  atEnd: true,
  loading: "none",
  info: { group: { id: GROUP, name: "Harbour walk" }, members: MEMBERS, epoch: { id: "e0".repeat(32), number: 4 } },
  ...rest,
});

const group = (id: string, name: string, rest: Partial<GroupRow> = {}): GroupRow => ({
  id: id.repeat(16),
  name,
  members: 4,
  unread: 0,
  draft: "",
  ...rest,
});

const line = (from: string, text: string, sentAt: string) => ({
  id: "77".repeat(32),
  text,
  from,
  own: from === "Mira",
  sentAt,
  kind: "text" as const,
});

const GROUPS: readonly GroupRow[] = [
  group("a1", "Harbour walk", {
    last: line("Jonas", "Then it is settled. See you at the pier, 9:30!", "2026-11-23T08:55:00Z"),
  }),
  group("b2", "Choir", {
    members: 38,
    unread: 12,
    last: line("Ines", "Rehearsal moves to the small hall on Thursday", "2026-11-23T08:10:00Z"),
  }),
  group("c3", "House 14", {
    members: 9,
    draft: "The heating is back, thanks to",
    last: line("Paul", "Anyone else without heating?", "2026-11-22T19:31:00Z"),
  }),
  group("d4", "Release crew", { members: 6, last: line("Mira", "Tagged and signed.", "2026-11-19T15:02:00Z") }),
  group("e5", "Book club", { members: 7, state: "pending" }),
];

const OPEN: ViewState = {
  phase: "open",
  server: "live",
  directory: "/home/mira/.local/share/hermes",
  defaultRelays: [RELAY],
  me: {
    account: ACCOUNTS.mira,
    name: "Mira",
    fingerprint: DIGITS,
    device: "5a".repeat(32),
    contact: `hermes://contact/${"Zm9vYmFy".repeat(12)}`,
  },
  relays: [{ address: RELAY, state: "connected", since: "2026-11-23T06:02:00Z" }],
  peers: [
    { peerId: "12D3KooWPeerOfJonas1111111111111111111111111111111", path: "direct", since: "2026-11-23T07:40:00Z" },
  ],
  outbox: 0,
  groupsLoaded: true,
  groups: GROUPS,
  conversations: { [GROUP]: conversation(TALK, { unreadRowId: "unread" }) },
  warnings: [],
  preferences: {
    theme: "light",
    textSize: "normal",
    skinTone: "none",
    recentEmoji: ["👍", "🎉", "⛴️", "❤️"],
    enterSends: true,
  },
};

const WARNINGS: ViewState["warnings"] = [
  {
    id: "w1",
    code: "verified-new-device",
    message:
      "a person whom you verified has a device that you have not met yet; if they know nothing of it, somebody else has their account key: ask them in person",
    at: "2026-11-23T08:00:00Z",
    group: { id: GROUP, name: "Harbour walk" },
    member: { account: ACCOUNTS.jonas, name: "Jonas" },
  },
  {
    id: "w2",
    code: "forged",
    message: "something arrived that no member signed; it was dropped and nothing was lost",
    at: "2026-11-22T18:00:00Z",
    group: { id: GROUP, name: "Harbour walk" },
  },
];

const LATE = "2026-11-23T08:20:00Z";

export const STATES: Readonly<Record<string, ViewState>> = {
  connecting: { ...OPEN, phase: "connecting" },
  "shut-out": { ...OPEN, phase: "shut-out" },
  new: { ...OPEN, phase: "new", groups: [], conversations: {} },
  locked: { ...OPEN, phase: "locked" },
  home: OPEN,
  "no-groups": { ...OPEN, groups: [], conversations: {} },
  "empty-group": { ...OPEN, conversations: { [GROUP]: conversation([]) } },
  loading: { ...OPEN, conversations: {} },
  hostile: { ...OPEN, conversations: { [GROUP]: conversation(HOSTILE) } },
  ours: { ...OPEN, conversations: { [GROUP]: conversation(STATES_OF_OURS) } },
  out: {
    ...OPEN,
    groups: GROUPS.map((each) => (each.id === GROUP ? { ...each, state: "removed" as const } : each)),
    conversations: { [GROUP]: conversation(TALK) },
  },
  warnings: { ...OPEN, warnings: WARNINGS },
  offline: {
    ...OPEN,
    server: "lost",
    peers: [],
    outbox: 2,
    relays: [{ address: RELAY, state: "unreachable", since: LATE, reason: "nothing answers at this address" }],
  },
};
