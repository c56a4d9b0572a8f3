/** What the saved profile `test/formats/profile-v1` holds: written once by schema version 1, never written again. */
import type { ConversationLine, ProfileChanges } from "../../src/client/ports/profile.ts";

/** Key of the saved database: the bytes 0 to 31. */
export const SAVED_DATA_KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

export const SAVED_KEY_FILE = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);

const GROUP = "67".repeat(32);

const LINES: readonly ConversationLine[] = [
  {
    group: GROUP,
    id: "01".repeat(32),
    depth: 1,
    sentAtMs: 1_795_400_000_000,
    account: "aa".repeat(32),
    device: "ab".repeat(32),
    name: "Ada",
    kind: "system",
    text: "Ada created the group",
    state: "received",
  },
  {
    group: GROUP,
    id: "03".repeat(32),
    depth: 2,
    sentAtMs: 1_795_400_001_000,
    account: "ba".repeat(32),
    device: "bb".repeat(32),
    name: "Béla",
    kind: "text",
    text: "Szia, világ \u{1f44b}",
    state: "received",
  },
  {
    group: GROUP,
    id: "02".repeat(32),
    depth: 3,
    sentAtMs: 1_795_400_000_500,
    account: "aa".repeat(32),
    device: "ab".repeat(32),
    name: "Ada",
    kind: "text",
    text: "Hello Béla",
    state: "on-relay",
  },
];

/** Everything in it. The group was read after its first line, and the record `erased` was written and erased. */
export const SAVED: ProfileChanges = {
  records: new Map([
    ["account", Uint8Array.of(1, 2, 3)],
    ["group/67", new Uint8Array(5000).fill(0x5a)],
    ["empty", Uint8Array.of()],
  ]),
  lines: LINES,
  removedLines: [],
  lineStates: [],
};
