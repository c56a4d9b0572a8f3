/**
 * The GGM tree with punctures: from one root secret follow pseudorandom leaves, one for each point, and the
 * ability to compute a chosen leaf can be given up for ever while all others stay.
 *
 * 1. left(n) = HMAC(n, "tree/0"), right(n) = HMAC(n, "tree/1"); a point's bits are walked from the most significant.
 * 2. Nodes held cover disjoint sets of points; a punctured point is covered by none.
 * 3. Puncturing keeps the siblings on the path and drops the path. Nothing here mutates a tree.
 * 4. Copies are made with Uint8Array.from: `slice` of a Node Buffer is a view, and wiping it would wipe the tree.
 *
 * Used twice: the fork tree (128-bit points) and the senders' tree (32-bit points).
 * @see PROTOCOL.md § Puncturable tree; Goldreich, Goldwasser, Micali 1986
 */
import { label } from "../verify/labels.ts";
import { raw, u32 } from "../wire/codec.ts";
import { type Codec, malformed, type Reader, reserve, type Writer } from "../wire/encoding.ts";
import { Fault } from "../wire/fault.ts";
import type { Primitives } from "./primitives.ts";

/** Bytes of a point: 4 for senders, 16 for forks. */
export type PointBytes = 4 | 16;

/** One subtree still held: the root secret of all points that begin with the first `depth` bits of `path`. */
export interface TreeNode {
  /** Bits; 0 for the whole tree. */
  readonly depth: number;
  /** As many bytes as a point; bits from `depth` on are zero. */
  readonly path: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** A tree over points of `Length` bytes. */
export interface PuncturableTree<Length extends PointBytes> {
  readonly pointBytes: Length;
  readonly nodes: readonly TreeNode[];
}

/** Leaves are senders' chains, points their index (u32be). */
export type SenderTree = PuncturableTree<4>;
/** Leaves are contributions to later epochs. */
export type ForkTree = PuncturableTree<16>;

/** The whole tree under `root` (32 bytes). */
export function treeOf<Length extends PointBytes>(root: Uint8Array, pointBytes: Length): PuncturableTree<Length> {
  return { pointBytes, nodes: [{ depth: 0, path: new Uint8Array(pointBytes), secret: Uint8Array.from(root) }] };
}

/** The leaf (32 bytes) at `point`, or `undefined` when it was punctured. */
export function evaluate(p: Primitives, tree: PuncturableTree<PointBytes>, point: Uint8Array): Uint8Array | undefined {
  const start = tree.nodes[indexOfCover(tree, point)];
  if (start === undefined) return undefined;
  let secret: Uint8Array = Uint8Array.from(start.secret);
  for (let depth = start.depth; depth < 8 * tree.pointBytes; depth++) {
    const child = childSecret(p, secret, bitAt(point, depth));
    secret.fill(0);
    secret = child;
  }
  return secret;
}

/** The tree without `point`; the same tree when it was punctured before. */
export function puncture<Length extends PointBytes>(
  p: Primitives,
  tree: PuncturableTree<Length>,
  point: Uint8Array,
): PuncturableTree<Length> {
  const at = indexOfCover(tree, point);
  const start = tree.nodes[at];
  if (start === undefined) return tree;
  return { pointBytes: tree.pointBytes, nodes: tree.nodes.toSpliced(at, 1, ...siblings(p, start, point)) };
}

/** Roots of all subtrees of `start` that hang off the path to `point`. */
function siblings(p: Primitives, start: TreeNode, point: Uint8Array): readonly TreeNode[] {
  const kept: TreeNode[] = [];
  let secret: Uint8Array = Uint8Array.from(start.secret);
  for (let depth = start.depth; depth < 8 * point.length; depth++) {
    const bit = bitAt(point, depth);
    kept.push({ depth: depth + 1, path: siblingPath(point, depth), secret: childSecret(p, secret, 1 - bit) });
    const child = childSecret(p, secret, bit);
    secret.fill(0);
    secret = child;
  }
  secret.fill(0);
  return kept;
}

function childSecret(p: Primitives, secret: Uint8Array, bit: number): Uint8Array {
  return p.hmac(secret, label(bit === 0 ? "tree/0" : "tree/1"));
}

function bitAt(point: Uint8Array, index: number): number {
  return ((point[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
}

/** The first `depth` bits of `point`, then the opposite of its bit at `depth`, then zeros. */
function siblingPath(point: Uint8Array, depth: number): Uint8Array {
  const path = prefix(point, depth);
  if (bitAt(point, depth) === 0) path[depth >> 3] = (path[depth >> 3] ?? 0) | (0x80 >> (depth & 7));
  return path;
}

function prefix(point: Uint8Array, depth: number): Uint8Array {
  return point.map((each, i) => {
    const bits = Math.min(8, Math.max(0, depth - 8 * i));
    return each & (0xff00 >> bits);
  });
}

function indexOfCover(tree: PuncturableTree<PointBytes>, point: Uint8Array): number {
  if (point.length !== tree.pointBytes) throw new Fault("internal/invariant", "a point of another tree");
  return tree.nodes.findIndex((node) => covers(node, point));
}

function covers({ depth, path }: TreeNode, point: Uint8Array): boolean {
  const whole = depth >> 3;
  for (let i = 0; i < whole; i++) if (path[i] !== point[i]) return false;
  const mask = 0xff00 >> (depth & 7);
  return (depth & 7) === 0 || (((path[whole] ?? 0) ^ (point[whole] ?? 0)) & mask & 0xff) === 0;
}

/** Nodes in one saved tree. A puncture adds at most 127; far more than any epoch's concurrent successors use. */
const NODES_MAX = 16_384;

/** Bytes of a node's secret. */
const SECRET_BYTES = 32;

/** A list of nodes, read as views of one copy: a tree has thousands of them, and is read with each use of a point. */
function savedTree<Length extends PointBytes>(pointBytes: Length): Codec<PuncturableTree<Length>> {
  const nodeBytes = 1 + pointBytes + SECRET_BYTES;
  const write = (writer: Writer, { nodes }: PuncturableTree<Length>): void => {
    if (nodes.length > NODES_MAX) throw new Fault("internal/encode", "a tree has too many nodes to be saved");
    u32.write(writer, nodes.length);
    let at = reserve(writer, nodes.length * nodeBytes);
    for (const { depth, path, secret } of nodes) {
      if (path.length !== pointBytes || secret.length !== SECRET_BYTES)
        throw new Fault("internal/encode", "a node of another tree");
      writer.bytes[at] = depth;
      writer.bytes.set(path, at + 1);
      writer.bytes.set(secret, at + 1 + pointBytes);
      at += nodeBytes;
    }
  };
  const read = (reader: Reader): PuncturableTree<Length> => {
    const count = u32.read(reader);
    if (count > NODES_MAX) malformed();
    const all = raw(count * nodeBytes).read(reader);
    const nodes: TreeNode[] = [];
    for (let at = 0; at < all.length; at += nodeBytes) {
      const depth = all[at] ?? 0;
      if (depth > 8 * pointBytes) malformed();
      const secretAt = at + 1 + pointBytes;
      nodes.push({ depth, path: all.subarray(at + 1, secretAt), secret: all.subarray(secretAt, at + nodeBytes) });
    }
    return { pointBytes, nodes };
  };
  return { write, read };
}

/** Saved form: a list of `depth u8 || path || secret 32`. */
export const SenderTree: Codec<SenderTree> = savedTree(4);
/** Saved form: a list of `depth u8 || path || secret 32`. */
export const ForkTree: Codec<ForkTree> = savedTree(16);
