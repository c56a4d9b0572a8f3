/**
 * State of one Double Ratchet, its saved form, and the book of skipped message keys.
 *
 * 1. At most SKIPPED_KEYS_MAX skipped keys in all chains together; the oldest go first.
 * 2. At most PAST_CHAINS_MAX header keys of past chains: one that has no skipped keys left still tells a duplicate from a forgery.
 * 3. A state is a value: functions answer new states and never write into old ones.
 *
 * @see https://signal.org/docs/specifications/doubleratchet/ §4.3
 */
import { constant, list, optional, raw, struct, u32 } from "../wire/codec.ts";
import type { Infer } from "../wire/encoding.ts";
import { SKIPPED_KEYS_MAX } from "../wire/limits.ts";
import { EphemeralKey } from "../wire/pairwise.ts";
import { equalInConstantTime } from "./constant-time.ts";

/** Each costs one AEAD opening (about 15 µs) when a message fits no current key; 64 turns are more than is ever in flight. */
export const PAST_CHAINS_MAX = 64;

const key = raw(32);

/** Chain key, header key, and the number of the next message. Ours and theirs have different types on purpose. */
const SendingChain = struct({ key, headerKey: key, next: u32 });
const ReceivingChain = struct({ key, headerKey: key, next: u32 });

const SkippedKey = struct({ number: u32, key });
export type SkippedKey = Infer<typeof SkippedKey>;

/** Header key of a chain with the message keys that were skipped in it, in ascending order. */
const PastChain = struct({ headerKey: key, keys: list(SkippedKey, SKIPPED_KEYS_MAX) });
export type PastChain = Infer<typeof PastChain>;

/** In the specification's names: RK, DHs (both halves), HKs/CKs/Ns, HKr/CKr/Nr, PN, NHKs, NHKr, MKSKIPPED (newest chain first). Saved form too; secret. */
export const RatchetState = struct({
  version: constant(1),
  rootKey: key,
  ourSecret: key,
  ourKey: EphemeralKey,
  sending: optional(SendingChain),
  receiving: optional(ReceivingChain),
  previousLength: u32,
  nextSendHeaderKey: key,
  nextReceiveHeaderKey: key,
  past: list(PastChain, PAST_CHAINS_MAX),
});
export type RatchetState = Infer<typeof RatchetState>;

/** `state` with `keys` (ascending, all after those already there) among the skipped ones of that chain. */
export function withSkipped(state: RatchetState, headerKey: Uint8Array, keys: readonly SkippedKey[]): RatchetState {
  const isChain = (chain: PastChain) => equalInConstantTime(chain.headerKey, headerKey);
  const past = state.past.some(isChain)
    ? state.past.map((chain) => (isChain(chain) ? { headerKey, keys: [...chain.keys, ...keys] } : chain))
    : [{ headerKey, keys }, ...state.past];
  return { ...state, past: bounded(past) };
}

/** `state` without the key of message `number` of `chain`. */
export function withoutSkipped(state: RatchetState, chain: PastChain, number: number): RatchetState {
  const rest = { ...chain, keys: chain.keys.filter((each) => each.number !== number) };
  return { ...state, past: state.past.map((each) => (each === chain ? rest : each)) };
}

/** Newest chains and, in them, newest keys first come into the limits. */
function bounded(past: readonly PastChain[]): PastChain[] {
  let room = SKIPPED_KEYS_MAX;
  return past.slice(0, PAST_CHAINS_MAX).map((chain) => {
    const keys = chain.keys.slice(Math.max(0, chain.keys.length - room));
    room -= keys.length;
    return { ...chain, keys };
  });
}
