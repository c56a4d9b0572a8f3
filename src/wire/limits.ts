/**
 * Every limit that both ends of a format must agree on, with its unit and its reason.
 * Changing one is a change of the protocol: PROTOCOL.md, vectors and fixtures change with it.
 */

/** One envelope, all bytes. One frame of a relay's fan-out stays small; longer content is a file. */
export const ENVELOPE_MAX_BYTES = 65_536;
/** Body of an envelope: what remains beside version, topic, kind, length prefix and signature. */
export const BODY_MAX_BYTES = ENVELOPE_MAX_BYTES - 102;
/** UTF-8 bytes of one text message: fits an envelope after padding (at most 12 %), header and closures. */
export const TEXT_MAX_BYTES = 60_000;
/** UTF-8 bytes of a display name or a group name: a line on a narrow screen, in any script. */
export const NAME_MAX_BYTES = 128;
/** Bytes of a multiaddr as text. A circuit address through a DNS name with two PeerIds is about 200. */
export const ADDRESS_MAX_BYTES = 512;
/** Direct addresses in a link: both IP versions of two networks. */
export const LINK_ADDRESSES_MAX = 4;
/** Relay addresses in a link, a bundle or a group's settings. */
export const RELAYS_MAX = 8;
/** Devices of one account: bounds what it costs to reach an account. */
export const DEVICES_PER_ACCOUNT_MAX = 8;
/** Accounts in one add entry: the entry (at most 8 devices each) still fits an envelope at about 400 B a typical account. */
export const MEMBERS_PER_ADD_MAX = 100;
/** Parents of a log entry: concurrent heads beyond this are merged in two steps. */
export const ENTRY_PARENTS_MAX = 64;
/** Heads cited by a message (PROTOCOL.md § History). */
export const MESSAGE_FRONTIER_MAX = 4;
/** Closed chains announced by one message; more wait for the next message. */
export const CLOSURES_MAX = 16;
/** Heads that are merged at all; with more a group goes on in the newest epoch until a re-key, and nobody can make others work without end. */
export const MERGED_HEADS_MAX = 16;
/** Merged epochs that one message names: with all their heads 5 kB. */
export const NAMED_MERGES_MAX = 8;
/** Messages of one burst, signed once: a step that seals them stays far under 20 ms, and a longer path would save little more. */
export const BURST_MESSAGES_MAX = 64;
/** Hashes of a message's Merkle path: the binary logarithm of BURST_MESSAGES_MAX. */
export const BURST_PATH_MAX = 6;

/** Topics in one open, subscribe or unsubscribe frame. */
export const OPEN_TOPICS_MAX = 256;
/** One frame of the topic protocol: several full envelopes and their overhead. */
export const FRAME_MAX_BYTES = 1_048_576;
/** Envelopes in one append or deliver frame. */
export const FRAME_ENVELOPES_MAX = 512;
/** Ids in one `kept` frame: a burst. Who gives more than that is told by reports. */
export const KEPT_IDS_MAX = 64;

/** One live frame's sealed part: a report of {@link REPORT_CHAINS_MAX} chains, padded. */
export const LIVE_MAX_BYTES = 1_024;
/** Addresses of one member in a live frame, circuits through its relays among them. */
export const MEMBER_ADDRESSES_MAX = 6;
/** Bytes of one of them: a circuit through a short name fits. */
export const MEMBER_ADDRESS_MAX_BYTES = 200;
/** The same with its nonce and length. */
export const LIVE_FRAME_MAX_BYTES = LIVE_MAX_BYTES + 28;
/** Chains in one report: the others are in the next one. */
export const REPORT_CHAINS_MAX = 32;

/** Ranges in one question of a comparison: the answers, if all are ids, stay far below a frame. */
export const COMPARE_RANGES_MAX = 256;
/** Ids that are listed rather than split further: a list of 24, which 100,000 ids come to, costs three fingerprint splits. */
export const COMPARE_LEAF_IDS = 32;
/** Ids of one topic that are compared: 8 MiB of ids. A group changes its topic every 1,000 messages. */
export const COMPARE_IDS_MAX = 262_144;

/** One-time prekeys held by a directory for one device; 50 strangers can write before the device comes back. */
export const ONE_TIME_PREKEYS_MAX = 100;
/** Slots (devices) under one directory key: the account's eight and room for replaced ones. */
export const DIRECTORY_SLOTS_MAX = 16;
/** One sealed bundle or one-time prekey in the directory (ML-KEM-768 key 1,184 B, signatures, certificate, addresses). */
export const SEALED_PREKEY_MAX_BYTES = 8_192;

/** Skipped message keys kept for one pairwise ratchet or one sender's chain (PROTOCOL.md § Double Ratchet, § Sender chains). */
export const SKIPPED_KEYS_MAX = 2_000;
/** How far ahead of the expected one an iteration may be (PROTOCOL.md § Double Ratchet, § Sender chains): each step costs one HMAC. */
export const FORWARD_JUMP_MAX = 25_000;

/** Bytes of a file in one chunk: large enough that hashes and frames cost little, small enough to lose or hold. */
export const CHUNK_PLAIN_BYTES = 262_144;
/** Bytes of a sealed chunk: with the tag. */
export const CHUNK_MAX_BYTES = CHUNK_PLAIN_BYTES + 16;
/** Hashes in one list of chunks: what fits a chunk. */
export const CHUNK_LIST_MAX = CHUNK_PLAIN_BYTES / 32;
/** Levels of lists above a file's chunks: two are enough for 16 TiB. */
export const CHUNK_LEVELS_MAX = 2;
/** Bytes of a file: what that many levels hold. */
export const FILE_MAX_BYTES = CHUNK_PLAIN_BYTES * CHUNK_LIST_MAX ** CHUNK_LEVELS_MAX;
/** UTF-8 bytes of a file's name: what most file systems take. */
export const FILE_NAME_MAX_BYTES = 255;
/** Bytes of a MIME type. */
export const FILE_TYPE_MAX_BYTES = 127;
/** Bytes of a picture's preview: a manifest with one fits an envelope after padding. */
export const FILE_PREVIEW_MAX_BYTES = 24_576;
