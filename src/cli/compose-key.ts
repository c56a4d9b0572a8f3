/**
 * A profile's data key: under a passphrase in the key file, and asked for at most once.
 *
 * A passphrase is never asked for again when it was supplied without a question.
 */
import { randomBytes } from "node:crypto";
import { passphraseBytes, unwrapKey, WRAP_RANDOM_BYTES, wrapKey } from "../crypto/key-wrap.ts";
import { choosePrimitives } from "../crypto-native/choose-primitives.ts";
import { readKeyFile } from "../store/profile-directory.ts";
import { Fault, isFault } from "../wire/fault.ts";
import type { ProfileChoice } from "./session.ts";

/** How often a passphrase is asked for at a terminal: people mistype. */
const ATTEMPTS = 3;

/** libsodium and native Argon2id where they load; `HERMES_PRIMITIVES=noble` keeps to JavaScript. */
export const primitives = await choosePrimitives(process.env["HERMES_PRIMITIVES"]);

/** The operating system's generator. */
export const systemRandom = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** An encoded key file for `dataKey` (32 bytes). */
export function wrap(passphrase: string, dataKey: Uint8Array, cost: ProfileChoice["kdf"]): Uint8Array {
  const random = systemRandom(WRAP_RANDOM_BYTES);
  return wrapKey(primitives, passphraseBytes(passphrase), dataKey, { random, cost });
}

/** The data key of the profile in `directory`. Throws `usage/wrong-passphrase`, `usage/no-profile`, `storage/corrupt`. */
export async function unlock(directory: string, passphrase: string): Promise<Uint8Array> {
  const unwrapped = unwrapKey(primitives, passphraseBytes(passphrase), await readKeyFile(directory));
  switch (unwrapped.kind) {
    case "unwrapped":
      return unwrapped.dataKey;
    case "wrong-passphrase":
      throw new Fault(
        "usage/wrong-passphrase",
        `this is not the passphrase of the profile in ${directory}, so it stays locked; try again.`,
      );
    case "malformed":
      throw new Fault(
        "storage/corrupt",
        `the key file in ${directory} is damaged, so the profile cannot be unlocked; restore the file from a backup.`,
      );
  }
}

/** The profile's data key, asked for at most once. */
export interface Keys {
  /** Checks a supplied passphrase; does nothing when there is none. */
  readonly checkSupplied: () => Promise<void>;
  readonly dataKey: () => Promise<Uint8Array>;
  readonly isKnown: () => boolean;
}

/** The key of the chosen profile; nothing is asked for yet. */
export function keyOf({ directory, passphrases }: ProfileChoice): Keys {
  let key: Uint8Array | undefined;
  const dataKey = async () => {
    for (let left = ATTEMPTS; key === undefined; left--) {
      key = await unlock(directory, await passphrases.known()).catch(async (error: unknown) => {
        const mayRetry = left > 1 && isFault(error, "usage/wrong-passphrase");
        if (!mayRetry || (await passphrases.supplied()) !== undefined) throw error;
        passphrases.refused();
        return undefined;
      });
    }
    return key;
  };
  return {
    checkSupplied: async () => {
      if ((await passphrases.supplied()) !== undefined) await dataKey();
    },
    dataKey,
    isKnown: () => key !== undefined,
  };
}
