/** The recovery words of an account: reading them from the profile, and telling whose somebody's words are. */
import type { Primitives } from "../crypto/primitives.ts";
import {
  decodeRecoveryWords,
  encodeRecoveryWords,
  type RecoveredSeed,
  recoveryWordList,
} from "../crypto/recovery-words.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import { toHex } from "../wire/text-forms.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingRecord } from "./profile-reader.ts";

/** Whose words they are, or what is wrong with them. */
export type RecoveryReading =
  | { readonly kind: "account"; readonly account: string }
  | Exclude<RecoveredSeed, { readonly kind: "seed" }>;

/** The 24 words of the profile's account: a secret that nothing else may show, log or send. */
export async function recoveryWordsOf(store: Pick<ProfileStore, "load">): Promise<string> {
  return encodeRecoveryWords((await readExistingRecord(store, ACCOUNT)).accountSeed);
}

/** The account (lower-case hex) that the words stand for. Never throws. */
export function readRecoveryWords(primitives: Primitives, text: string): RecoveryReading {
  const recovered = decodeRecoveryWords(text);
  if (recovered.kind !== "seed") return recovered;
  return { kind: "account", account: toHex(primitives.signingPublicKey(recovered.seed)) };
}

/** The seed (32 bytes) of words that {@link readRecoveryWords} found to be an account's. */
export function seedOfWords(text: string): Uint8Array | undefined {
  const recovered = decodeRecoveryWords(text);
  return recovered.kind === "seed" ? recovered.seed : undefined;
}

/** All words that a recovery word can be, for finding out what was meant by one that is none. */
export const knownRecoveryWords = (): readonly string[] => recoveryWordList;
