/**
 * An account's seed as 24 words that people can write down: BIP-39's English words and checksum.
 *
 * 1. 32 bytes <-> 24 words, both ways without loss; nothing is stretched or derived.
 * 2. Any text decodes to a seed or to the reason why not. Case and the space between words do not matter.
 *
 * @see https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki
 */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";

/** Words of a 32-byte seed: 256 bits and 8 of checksum, 11 bits each. */
export const RECOVERY_WORDS = 24;

/** What the words say, or what is wrong with them. */
export type RecoveredSeed =
  | { readonly kind: "seed"; readonly seed: Uint8Array }
  | { readonly kind: "wrong-count"; readonly count: number }
  /** `position`: of the first such word, counted from 1. */
  | { readonly kind: "unknown-word"; readonly position: number }
  /** All words exist: one is mistaken for another, or two are swapped. */
  | { readonly kind: "wrong-checksum" };

/** 24 words, one space between. `seed`: 32 bytes. */
export function encodeRecoveryWords(seed: Uint8Array): string {
  return entropyToMnemonic(seed, wordlist);
}

/** All words that a recovery word can be, for finding out what was meant. */
export const recoveryWordList: readonly string[] = wordlist;

/** The seed that the words stand for. Never throws. */
export function decodeRecoveryWords(text: string): RecoveredSeed {
  const words = text.toLowerCase().match(/\S+/g) ?? [];
  if (words.length !== RECOVERY_WORDS) return { kind: "wrong-count", count: words.length };
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown !== -1) return { kind: "unknown-word", position: unknown + 1 };
  try {
    return { kind: "seed", seed: mnemonicToEntropy(words.join(" "), wordlist) };
  } catch {
    return { kind: "wrong-checksum" }; // count and words are right, so this is all that is left
  }
}
