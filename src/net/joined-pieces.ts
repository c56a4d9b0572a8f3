/**
 * Bytes that wait for more of them lie as they came. A peer that sends them one at a time makes each of them an object of some
 * hundred bytes, or keeps the packet that it came in: many small pieces are copied together.
 */
import type { Uint8ArrayList } from "uint8arraylist";

/** Pieces that may be of any size. */
const FEW_PIECES = 32;
/** Bytes of a piece, on average, from which on more of them may be: what waits is copied once for each 1,024 of its pieces at most. */
const PIECE_BYTES = 1_024;

/** The same bytes, in one piece where they were in many small ones. */
export function joinPieces(list: Uint8ArrayList): void {
  const { bufs } = list as unknown as { readonly bufs?: readonly Uint8Array[] };
  if (!bufs || bufs.length <= FEW_PIECES || bufs.length * PIECE_BYTES <= list.byteLength) return;
  const whole = list.slice();
  list.consume(list.byteLength);
  list.append(whole);
}
