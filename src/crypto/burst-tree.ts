/**
 * The Merkle tree over the messages of one burst, shaped as in RFC 6962 §2.1: of n leaves the left part has the
 * greatest power of two below n.
 *
 * 1. Leaves and nodes are hashed under labels of their own, and a leaf names its iteration.
 * 2. Position and count alone decide how long a path is; one that is longer or shorter leads nowhere.
 * 3. A whole path is checked, however much of it is remembered: remembering is of the hash function alone.
 *
 * @see PROTOCOL.md § Group messages
 */
import { equalBytes, u64be } from "../verify/transcript.ts";
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
  const paths: Uint8Array[][] = leaves.map(() => []);
  /** The root over `count` leaves from `first` on, whose paths get the siblings on the way to it. */
  const rootOver = (first: number, count: number): Uint8Array => {
    const only = leaves[first];
    if (only !== undefined && count === 1) return only;
    const split = leftLeaves(count);
    const left = rootOver(first, split);
    const right = rootOver(first + split, count - split);
    for (let i = 0; i < count; i++) paths[first + i]?.push(i < split ? right : left);
    return node(p, left, right);
  };
  return { root: rootOver(0, leaves.length), paths };
}

/** The root to which this leaf leads, or `undefined` when no leaf of so many has such a path. */
export function rootFrom(
  p: Primitives,
  leaf: Uint8Array,
  { position, count, path }: BurstPath,
): Uint8Array | undefined {
  if (position >= count) return undefined;
  const sides = sidesUpFrom(position, count);
  if (sides.length !== path.length) return undefined;
  return path.reduce(
    (below, sibling, i) => (sides[i] === "left" ? knownNode(p, below, sibling) : knownNode(p, sibling, below)),
    leaf,
  );
}

/** On which side of its sibling each node stands on the way from a leaf to the root. */
function sidesUpFrom(position: number, count: number): readonly ("left" | "right")[] {
  const sides: ("left" | "right")[] = [];
  for (let [at, leaves] = [position, count]; leaves > 1; ) {
    const split = leftLeaves(leaves);
    sides.push(at < split ? "left" : "right");
    [at, leaves] = at < split ? [at, split] : [at - split, leaves - split];
  }
  return sides.reverse();
}

/** The greatest power of two below `count`, which is at least 2. */
function leftLeaves(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
}

function node(p: Primitives, left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashOf(p, "burst-node", left, right);
}

/** Nodes remembered: those of a few bursts whose messages come mixed. */
const KNOWN_NODES = 64;

interface KnownNode {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  readonly parent: Uint8Array;
}

/** By the first byte of the left node, which is a hash. */
const known: (KnownNode | undefined)[] = Array.from({ length: KNOWN_NODES }, () => undefined);

/**
 * As {@link node}, without hashing the same twice in a row: the messages of a burst come one after another, and most of
 * the way to the root is common to neighbours. The answer is that of the hash; what is kept are copies of public values.
 */
function knownNode(p: Primitives, left: Uint8Array, right: Uint8Array): Uint8Array {
  const at = (left[0] ?? 0) % KNOWN_NODES;
  const before = known[at];
  if (before && equalBytes(before.left, left) && equalBytes(before.right, right)) return before.parent;
  const parent = node(p, left, right);
  known[at] = { left: left.slice(), right: right.slice(), parent };
  return parent;
}
