/**
 * Every label of the protocol, in one closed list: nothing signed, hashed or derived for one purpose is
 * valid for another.
 *
 * 1. A label is the ASCII text `hermes/v1/` followed by its name.
 * 2. A name is used in exactly one place of the protocol; removing or renaming one is a new protocol version.
 *
 * @see PROTOCOL.md § Labels
 */
import { encodeUtf8 } from "../wire/utf8.ts";

const PREFIX = "hermes/v1/";

/** Names of all labels, by the part of the protocol that uses them. */
export const LABEL_NAMES = [
  // membership log entries
  "core",
  "confirm",
  "entry",
  "entry-sig",
  "entry-box",
  "entry-nonce",
  // epochs
  "frontier",
  "point",
  "root",
  "derived",
  "merge",
  "combine",
  "fork",
  "topic",
  "epoch-id",
  "header",
  "senders",
  "log",
  "tree/0",
  "tree/1",
  // sender chains and group messages
  "chain",
  "message-key",
  "chain-key",
  "msg",
  "hdr",
  "msg-sig",
  "msg-id",
  "ct",
  "burst-sig",
  "burst-leaf",
  "burst-node",
  // what is said in passing
  "live",
  "live-sig",
  "relay-statement",
  // envelopes and topics
  "body",
  "envelope",
  "open",
  "topic-name",
  // prekey directory
  "directory-key",
  "directory-record",
  "directory-seal",
  // accounts, devices, bundles
  "device-cert",
  "identity-cert",
  "bundle",
  "one-time-prekey",
  "fingerprint",
  // account topic
  "account-topic",
  "account-key",
  "account-commitment",
  "account-box",
  // profile
  "key-wrap",
  "key-commitment",
  // sealing to an inbox
  "sealed-key",
  "sealed-box",
  "sealed-commitment",
  // pairwise sessions; the form of the first one is PQXDH's
  "pqxdh_CURVE25519_SHA-256_ML-KEM-768",
  "session-root",
  "session-header",
  "session-next-header",
  "session-ratchet-root",
  "session-ratchet-chain",
  "session-ratchet-header",
  "session-chain-key",
  "session-message-key",
  "session-message",
  "session-message-header",
  "session-ad",
  "session-id",
  // files
  "file-chunk",
  "file-topic",
  "file-commitment",
  // invites
  "welcome-log",
  "link-checksum",
  "invite-topic",
  "invite-seal",
  "invite-proof-key",
  "invite-proof",
  "join-request",
  // saved records
  "saved-log",
  "saved-roster",
] as const;

/** One of {@link LABEL_NAMES}. */
export type LabelName = (typeof LABEL_NAMES)[number];

const ENCODED: ReadonlyMap<LabelName, Uint8Array> = new Map(
  LABEL_NAMES.map((name) => [name, encodeUtf8(PREFIX + name)]),
);

/** Bytes of the label `name`. Shared: callers read them and never write. */
export function label(name: LabelName): Uint8Array {
  return ENCODED.get(name) as Uint8Array;
}
