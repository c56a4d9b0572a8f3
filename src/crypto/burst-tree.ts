/**
 * The Merkle tree over the messages of one burst, shaped as in RFC 6962 §2.1: of n leaves the left part has the
 * greatest power of two below n.
 *
 * 1. Leaves and nodes are hashed under labels of their own, and a leaf names its iteration.
 * 2. Position and count alone decide how long a path is; one that is longer or shorter leads nowhere.
 *
 * @see PROTOCOL.md § Group messages
 */
import { u64be } from "../verify/transcript.ts";
import type { Iteration } from "../wire/ids.ts";
import { hashOf } from "./kdf.ts";
import type { Primitives } from "./primitives.ts";

/** A root, and for each leaf the siblings from there up. 32 bytes each. */
export interface BurstTree {
  readonly root: Uint8Array;
  readonly paths: readonly (readonly Uint8Array[])[];
}

/** Where a leaf stands, and what leads from it to the root. */
export interface BurstPath {
  /** From 0. */
  readonly position: number;
  /** Leaves of the whole tree. */
  readonly count: number;
  readonly path: readonly Uint8Array[];
}

/** The leaf of one message, 32 bytes. */
export function burstLeaf(p: Primitives, iteration: Iteration, ciphertextHash: Uint8Array): Uint8Array {
  return hashOf(p, "burst-leaf", u64be(iteration), ciphertextHash);
}

/** The tree over at least one leaf. */
export function burstTree(p: Primitives, leaves: readonly Uint8Array[]): BurstTree {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return { root: only, paths: [[]] };
  const split = leftLeaves(leaves.length);
  const [left, right] = [burstTree(p, leaves.slice(0, split)), burstTree(p, leaves.slice(split))];
  const paths = [
    ...left.paths.map((path) => [...path, right.root]),
    ...right.paths.map((path) => [...path, left.root]),
  ];
  return { root: node(p, left.root, right.root), paths };
}

/** The root to which this leaf leads, or `undefined` when no leaf of so many has such a path. */
export function rootFrom(
  p: Primitives,
  leaf: Uint8Array,
  { position, count, path }: BurstPath,
): Uint8Array | undefined {
  if (position >= count) return undefined;
  if (count === 1) return path.length === 0 ? leaf : undefined;
  const sibling = path.at(-1);
  if (sibling === undefined) return undefined;
  const [split, rest] = [leftLeaves(count), path.slice(0, -1)];
  const isLeft = position < split;
  const below = isLeft
    ? rootFrom(p, leaf, { position, count: split, path: rest })
    : rootFrom(p, leaf, { position: position - split, count: count - split, path: rest });
  if (below === undefined) return undefined;
  return isLeft ? node(p, below, sibling) : node(p, sibling, below);
}

/** The greatest power of two below `count`, which is at least 2. */
function leftLeaves(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
}

function node(p: Primitives, left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashOf(p, "burst-node", left, right);
}
