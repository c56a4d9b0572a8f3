/**
 * The group key schedule: from membership log entries to the secret of an epoch, and from that secret to all
 * keys of the epoch. Works on bytes and hashes alone; which entries are valid is decided elsewhere.
 *
 * 1. Every member of a frontier, and nobody else, can compute its secret; nothing here needs a round trip.
 * 2. A secret is used through {@link epochKeys} once and then erased by the caller.
 * 3. A fork tree comes back punctured at the point that was used: the caller commits it with what followed from it.
 *
 * @see PROTOCOL.md § Group key schedule
 */
import { compareBytes } from "../verify/transcript.ts";
import { branded } from "../wire/brand.ts";
import type { Infer } from "../wire/encoding.ts";
import { EntryHash, EpochId, type GroupId, Topic } from "../wire/ids.ts";
import { deriveKey, extract, hashOf } from "./kdf.ts";
import type { Primitives } from "./primitives.ts";
import { evaluate, type ForkTree, puncture, type SenderTree, treeOf } from "./puncturable-tree.ts";

/** x(e): hash of an encoded entry core. */
export const CoreHash = branded("core-hash", 32);
export type CoreHash = Infer<typeof CoreHash>;
/** phi(F): hash of a frontier. */
export const FrontierHash = branded("frontier-hash", 32);
export type FrontierHash = Infer<typeof FrontierHash>;
/** S(F): the secret of an epoch. Lives only between its derivation and {@link epochKeys}. */
export const EpochSecret = branded("epoch-secret", 32);
export type EpochSecret = Infer<typeof EpochSecret>;
/** c(h, F): what one head adds to the secret of a frontier of several heads. */
export const Contribution = branded("contribution", 32);
export type Contribution = Infer<typeof Contribution>;
/** Seals message headers of one epoch. */
export const HeaderKey = branded("header-key", 32);
export type HeaderKey = Infer<typeof HeaderKey>;
/** Seals log entries in the topic of one epoch. */
export const LogKey = branded("log-key", 32);
export type LogKey = Infer<typeof LogKey>;

/** All that follows from an epoch's secret. */
export interface EpochKeys {
  readonly epochId: EpochId;
  /** Ed25519 seed of the topic, 32 bytes. */
  readonly topicSeed: Uint8Array;
  readonly topic: Topic;
  readonly headerKey: HeaderKey;
  readonly logKey: LogKey;
  /** Senders' chains, by {@link openChain}. */
  readonly senderTree: SenderTree;
  /** Later derived and merged epochs. */
  readonly forkTree: ForkTree;
}

/** x(e) = H("core", core) of an encoded core. */
export function coreHash(p: Primitives, core: Uint8Array): CoreHash {
  return CoreHash.from(hashOf(p, "core", core));
}

/** conf(e) = KDF("confirm", S({e}), x(e)), 32 bytes: nobody can hand different secrets to different people. */
export function confirmation(p: Primitives, secret: EpochSecret, core: CoreHash): Uint8Array {
  return deriveKey(p, "confirm", secret, core);
}

/** h(e) = H("entry", core, conf); `confirmed` is empty for entries without a secret. */
export function entryHash(p: Primitives, core: Uint8Array, confirmed: Uint8Array): EntryHash {
  return EntryHash.from(hashOf(p, "entry", core, confirmed));
}

/** phi(F) = H("frontier", group, sorted heads). `heads` in any order, without repetition. */
export function frontierHash(p: Primitives, group: GroupId, heads: readonly EntryHash[]): FrontierHash {
  return FrontierHash.from(hashOf(p, "frontier", group, ...heads.toSorted(compareBytes)));
}

/** pt(y): the first 16 bytes of H("point", y), a point of a fork tree. */
export function forkPoint(p: Primitives, of: CoreHash | FrontierHash): Uint8Array {
  return hashOf(p, "point", of).slice(0, 16);
}

/** S({e}) of create, remove, unlink and re-key: from the entry's random r (32 bytes). */
export function rootSecret(p: Primitives, random: Uint8Array, core: CoreHash): EpochSecret {
  return EpochSecret.from(deriveKey(p, "root", random, core));
}

/**
 * S({e}) of add, link and role, from the fork tree of the frontier before them, and that tree punctured.
 * `undefined` when the point was used before: the secret is gone.
 */
export function derivedSecret(
  p: Primitives,
  fork: ForkTree,
  core: CoreHash,
): { readonly secret: EpochSecret; readonly fork: ForkTree } | undefined {
  const taken = takeLeaf(p, fork, core);
  if (taken === undefined) return undefined;
  const secret = EpochSecret.from(deriveKey(p, "derived", taken.leaf, core));
  taken.leaf.fill(0);
  return { secret, fork: taken.fork };
}

/** c(h, F) from the fork tree of {h}, and that tree punctured; `undefined` when the point was used before. */
export function contribution(
  p: Primitives,
  fork: ForkTree,
  frontier: FrontierHash,
): { readonly contribution: Contribution; readonly fork: ForkTree } | undefined {
  const taken = takeLeaf(p, fork, frontier);
  return taken && { contribution: Contribution.from(taken.leaf), fork: taken.fork };
}

/** S(F) of several heads, from each head's contribution (in any order). The caller has checked that F is usable. */
export function mergedSecret(
  p: Primitives,
  contributions: readonly { readonly head: EntryHash; readonly contribution: Contribution }[],
  frontier: FrontierHash,
): EpochSecret {
  const sorted = contributions.toSorted((a, b) => compareBytes(a.head, b.head)).map((each) => each.contribution);
  const combined = extract(p, "combine", ...sorted);
  const secret = EpochSecret.from(deriveKey(p, "merge", combined, frontier));
  combined.fill(0);
  return secret;
}

/** Everything that follows from S(F) and phi(F). The caller erases `secret` in the same commit. */
export function epochKeys(p: Primitives, secret: EpochSecret, frontier: FrontierHash): EpochKeys {
  const topicSeed = deriveKey(p, "topic", secret);
  const topic = Topic.from(p.signingPublicKey(topicSeed));
  const epochId = EpochId.from(hashOf(p, "epoch-id", frontier, topic));
  return {
    epochId,
    topicSeed,
    topic,
    headerKey: HeaderKey.from(deriveKey(p, "header", secret, epochId)),
    logKey: LogKey.from(deriveKey(p, "log", secret, epochId)),
    senderTree: treeOf(deriveKey(p, "senders", secret, epochId), 4),
    forkTree: treeOf(deriveKey(p, "fork", secret), 16),
  };
}

function takeLeaf(
  p: Primitives,
  fork: ForkTree,
  of: CoreHash | FrontierHash,
): { readonly leaf: Uint8Array; readonly fork: ForkTree } | undefined {
  const point = forkPoint(p, of);
  const leaf = evaluate(p, fork, point);
  return leaf && { leaf, fork: puncture(p, fork, point) };
}
