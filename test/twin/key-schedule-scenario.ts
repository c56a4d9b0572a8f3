/** What the key schedule's vectors hold: fixed inputs, and every output for them as hex. */

export interface EpochVector {
  phi: string;
  secret: string;
  epochId: string;
  topicSeed: string;
  topic: string;
  headerKey: string;
  logKey: string;
  /** Roots of the two trees before any puncture. */
  senderRoot: string;
  forkRoot: string;
}

export interface EntryVector {
  core: string;
  x: string;
  confirmation: string;
  hash: string;
}

/** Bits of the path and the subtree's secret, from left to right. */
export type NodeVector = { bits: string; secret: string };

export interface KeyScheduleVectors {
  create: EntryVector & { random: string; epoch: EpochVector };
  /** Two concurrent adds in the epoch of `create`. */
  adds: (EntryVector & { point: string; epoch: EpochVector })[];
  /** A re-key concurrent with them, from a fresh r. */
  rekey: EntryVector & { random: string; epoch: EpochVector };
  /** The frontier of the three heads: contributions in the order first add, second add, re-key. */
  merged: { contributions: string[]; epoch: EpochVector };
  /** The senders' tree of `create` without indexes 0, 6 and 2^32 - 1; the fork tree without the first add's point. */
  punctured: { senders: NodeVector[]; fork: NodeVector[] };
  chain: { device: string; index: number; chainKey: string; messageKeys: { iteration: number; key: string }[] };
  messages: { iteration: number; text: string; body: string; id: string }[];
  /** Messages signed together, from `first` on, for each of the counts. */
  bursts: { first: number; messages: { body: string; id: string }[] }[];
  entryBody: string;
  envelope: { encoded: string; id: string };
  openProofs: { inbox: boolean; signature: string }[];
  padding: { length: number; total: number }[];
}

const fill = (value: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (value * 31 + i * 7) & 0xff);

/** Inputs, the same for both implementations. Arbitrary bytes: the schedule does not look inside a core. */
export const INPUT = {
  createCore: fill(1, 180),
  createRandom: fill(2, 32),
  addCores: [fill(3, 240), fill(4, 333)],
  rekeyCore: fill(5, 150),
  rekeyRandom: fill(6, 32),
  deviceSeed: fill(7, 32),
  index: 6,
  chainIterations: [0, 1, 2, 63, 1000],
  puncturedIndexes: [0, 6, 0xffffffff],
  messages: [
    { iteration: 0, text: "", headerNonce: fill(8, 24), nonce: fill(9, 24) },
    { iteration: 1, text: "Grüße, 世界 👋", headerNonce: fill(10, 24), nonce: fill(11, 24) },
    { iteration: 700, text: "x".repeat(5000), headerNonce: fill(12, 24), nonce: fill(13, 24) },
  ],
  /** How many messages are signed together: one node, a lopsided tree, a full one. */
  burstCounts: [2, 5, 8],
  burstFirst: 40,
  burstNonces: (position: number) => ({ headerNonce: fill(30 + position, 24), nonce: fill(60 + position, 24) }),
  burstText: (position: number) => `line ${position + 1}`,
  frontier: [fill(14, 32), fill(15, 32)],
  depth: 0x1020304,
  closures: [{ epoch: fill(16, 32), sent: 0x1_0000_0005 }],
  sentAt: 1_795_405_479_123,
  entry: fill(17, 420),
  entryNonce: fill(18, 24),
  challenge: fill(19, 32),
  holderPeerId: fill(20, 38),
  openerPeerId: fill(21, 34),
  paddingLengths: [0, 1, 251, 252, 253, 260, 1000, 1020, 4091, 4096, 5000, 60_000, 60_128, 1_000_000],
} as const;
