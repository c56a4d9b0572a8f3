/**
 * The key file: a profile's data key under a passphrase, so that a new passphrase rewrites one small file.
 *
 * ```
 * k          = Argon2id(passphrase, salt, cost)
 * commitment = KDF("key-commitment", k, salt, cost)
 * wrapped    = XChaCha20-Poly1305(KDF("key-wrap", k, salt, cost), nonce, aad = commitment; data key)
 * file       = version 1 | salt 16 | KiB 4 | passes 4 | nonce 24 | commitment 32 | wrapped 48
 * ```
 * 1. One file has one passphrase meaning: the commitment fixes the key and is compared in constant time.
 * 2. The work is the same for a right and a wrong passphrase; a cost out of range is refused before any work.
 *
 * @see PROTOCOL.md § Key file; RFC 9106
 */
import { concat, u32be } from "../verify/transcript.ts";
import { constant, raw, refine, struct, u32 } from "../wire/codec.ts";
import { decode, encode, type Infer } from "../wire/encoding.ts";
import { Nonce } from "../wire/ids.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import { equalInConstantTime } from "./constant-time.ts";
import { deriveKey } from "./kdf.ts";
import type { Argon2Cost, Primitives } from "./primitives.ts";

/** RFC 9106's second recommended choice: 64 MiB and 3 passes, for machines of every size. */
export const DEFAULT_COST: Argon2Cost = { memoryKiB: 64 * 1024, passes: 3 };

/** Below 8 MiB guessing is cheap on graphics cards; above 4 GiB, or 64 passes, a file would be a denial of service. */
export const COST_RANGE = { memoryKiB: [8 * 1024, 4 * 1024 * 1024], passes: [1, 64] } as const;

/** Random bytes that {@link wrapKey} uses: salt 16, nonce 24. */
export const WRAP_RANDOM_BYTES = 40;

const SALT_BYTES = 16;
const DATA_KEY_BYTES = 32;

const within = ([least, most]: readonly [number, number], what: string) =>
  refine(u32, (value) => value >= least && value <= most, what);

export const KeyFile = struct({
  version: constant(1),
  salt: raw(SALT_BYTES),
  memoryKiB: within(COST_RANGE.memoryKiB, "Argon2id memory"),
  passes: within(COST_RANGE.passes, "Argon2id passes"),
  nonce: Nonce,
  commitment: raw(32),
  wrapped: raw(DATA_KEY_BYTES + 16),
});
export type KeyFile = Infer<typeof KeyFile>;

/** Bytes of a passphrase as people type it: UTF-8 of its NFC form, so that every keyboard gives the same. */
export function passphraseBytes(passphrase: string): Uint8Array {
  return encodeUtf8(passphrase.normalize("NFC"));
}

/** Encoded key file. `dataKey`: 32 bytes; `random`: WRAP_RANDOM_BYTES. A cost out of COST_RANGE is `internal/encode`. */
export function wrapKey(
  p: Primitives,
  passphrase: Uint8Array,
  dataKey: Uint8Array,
  { random, cost = DEFAULT_COST }: { readonly random: Uint8Array; readonly cost?: Argon2Cost },
): Uint8Array {
  const salt = random.slice(0, SALT_BYTES);
  const nonce = Nonce.from(random.slice(SALT_BYTES, WRAP_RANDOM_BYTES));
  const { key, commitment } = wrappingKeys(p, passphrase, salt, cost);
  const wrapped = p.seal(key, nonce, commitment, dataKey);
  const { memoryKiB, passes } = cost;
  return encode(KeyFile, { version: 1, salt, memoryKiB, passes, nonce, commitment, wrapped });
}

/** The data key, or why there is none. */
export type Unwrapped =
  | { readonly kind: "unwrapped"; readonly dataKey: Uint8Array }
  | { readonly kind: "wrong-passphrase" | "malformed" };

/** Opens an encoded key file. `malformed`: not a key file, or one that was altered after the passphrase was found right. */
export function unwrapKey(p: Primitives, passphrase: Uint8Array, file: Uint8Array): Unwrapped {
  const decoded = decode(KeyFile, file);
  if (decoded === undefined) return { kind: "malformed" };
  const { salt, nonce, wrapped } = decoded;
  const { key, commitment } = wrappingKeys(p, passphrase, salt, decoded);
  if (!equalInConstantTime(commitment, decoded.commitment)) return { kind: "wrong-passphrase" };
  const dataKey = p.open(key, nonce, commitment, wrapped);
  return dataKey === undefined ? { kind: "malformed" } : { kind: "unwrapped", dataKey };
}

function wrappingKeys(p: Primitives, passphrase: Uint8Array, salt: Uint8Array, cost: Argon2Cost) {
  const { memoryKiB, passes } = cost;
  const stretched = p.argon2id(passphrase, salt, { memoryKiB, passes });
  const context = concat(salt, u32be(memoryKiB), u32be(passes));
  return {
    key: deriveKey(p, "key-wrap", stretched, context),
    commitment: deriveKey(p, "key-commitment", stretched, context),
  };
}
