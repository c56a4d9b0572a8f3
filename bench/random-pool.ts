/** Random bytes from a pool: the client, too, asks the system once for all that an input needs (entropyStream). */
import { randomBytes } from "node:crypto";

const POOL_BYTES = 4_096;
let pool = new Uint8Array(0);

/** `length` random bytes of their own buffer. */
export function randomFromPool(length: number): Uint8Array {
  if (length > POOL_BYTES) return new Uint8Array(randomBytes(length));
  if (pool.length < length) pool = new Uint8Array(randomBytes(POOL_BYTES));
  const taken = pool.slice(0, length);
  pool = pool.subarray(length);
  return taken;
}
