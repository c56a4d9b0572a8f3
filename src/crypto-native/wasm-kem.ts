/**
 * ML-KEM-768 by libsodium compiled to WebAssembly, a fraction of the time of JavaScript. sodium-native has an older
 * libsodium, without it.
 *
 * 1. Same values, same refusals as the portable provider's (test/contract/ml-kem-contract.ts).
 * 2. It is loaded behind the first call, which the portable provider answers, as all until it is there: most runs of the
 *    program need none of it.
 * 3. What it was given and what it answered is overwritten in its memory after each call.
 *
 * @see FIPS 203
 */
import type { LibsodiumModule } from "libsodium";
import type { Primitives } from "../crypto/primitives.ts";
import { Fault } from "../wire/fault.ts";

/** The part of the record that this file provides. */
export type Kem = Pick<Primitives, "kemKeyPair" | "kemEncapsulate" | "kemDecapsulate">;

/** Bytes of each thing. */
const SIZES = { publicKey: 1184, secretKey: 2400, ciphertext: 1088, secret: 32, seed: 64, random: 32 } as const;
type Part = keyof typeof SIZES;

/** `portable` until the one that the first call lets `load` is there. */
export function quickKem(portable: Kem, load: () => Promise<Kem> = loadKem): Kem {
  let kem: Kem | undefined;
  const current = (): Kem => {
    if (kem) return kem;
    kem = portable;
    load().then(
      (loaded) => {
        kem = loaded;
      },
      () => undefined, // no WebAssembly here: the portable one stays
    );
    return portable;
  };
  return {
    kemKeyPair: (seed) => current().kemKeyPair(seed),
    kemEncapsulate: (publicKey, random) => current().kemEncapsulate(publicKey, random),
    kemDecapsulate: (secretKey, ciphertext) => current().kemDecapsulate(secretKey, ciphertext),
  };
}

/** The quick one, loaded. */
export async function loadKem(): Promise<Kem> {
  const sodium = await (await import("libsodium")).default();
  const memory = memoryOf(sodium);
  const { publicKey, secretKey, ciphertext, secret, seed, random } = memory.at;
  return {
    kemKeyPair: (bytes) =>
      memory.used(() => {
        memory.write("seed", bytes);
        succeed(sodium._crypto_kem_mlkem768_seed_keypair(publicKey, secretKey, seed));
        return { publicKey: memory.read("publicKey"), secretKey: memory.read("secretKey") };
      }),
    kemEncapsulate: (key, bytes) =>
      memory.used(() => {
        memory.write("publicKey", key);
        memory.write("random", bytes);
        if (sodium._crypto_kem_mlkem768_enc_deterministic(ciphertext, secret, publicKey, random) !== 0)
          return undefined;
        return { ciphertext: memory.read("ciphertext"), secret: memory.read("secret") };
      }),
    kemDecapsulate: (key, bytes) =>
      memory.used(() => {
        memory.write("secretKey", key);
        memory.write("ciphertext", bytes);
        succeed(sodium._crypto_kem_mlkem768_dec(secret, ciphertext, secretKey));
        return memory.read("secret");
      }),
  };
}

/** Lengths are right and keys are ours, so nothing can be refused. */
function succeed(answer: number): void {
  if (answer !== 0) throw new Fault("internal/invariant", "libsodium refused a key of ours");
}

/** One place for each part, in libsodium's memory. */
function memoryOf(sodium: LibsodiumModule) {
  const parts = Object.keys(SIZES) as Part[];
  const total = parts.reduce((sum, part) => sum + SIZES[part], 0);
  const start = sodium._malloc(total);
  let next = start;
  const at = Object.fromEntries(
    parts.map((part) => {
      const here = next;
      next += SIZES[part];
      return [part, here];
    }),
  ) as Readonly<Record<Part, number>>;
  return {
    at,
    write: (part: Part, bytes: Uint8Array): void => {
      if (bytes.length !== SIZES[part])
        throw new Fault("internal/invariant", `KEM ${part} must have ${SIZES[part]} bytes, not ${bytes.length}`);
      sodium.HEAPU8.set(bytes, at[part]);
    },
    read: (part: Part): Uint8Array => sodium.HEAPU8.slice(at[part], at[part] + SIZES[part]),
    used: <T>(use: () => T): T => {
      try {
        return use();
      } finally {
        sodium.HEAPU8.fill(0, start, start + total);
      }
    },
  };
}
