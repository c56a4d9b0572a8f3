/**
 * What a device says about a relay that contradicted itself, signed, for others to check.
 *
 * ```
 * version 1 | device 32 | relay (u32 length) | fault 1 | log 16 | topic 32 | number 8 | at 8 | envelopes (list of u32 length)
 * ```
 * @see PROTOCOL.md § Relays that do not tell the truth
 */
import { bytes, constant, list, refine, struct, text, u8 } from "./codec.ts";
import type { Infer } from "./encoding.ts";
import { DeviceKey, LogId, Sequence, Signature, TimeMs, Topic } from "./ids.ts";
import { ADDRESS_MAX_BYTES, ENVELOPE_MAX_BYTES } from "./limits.ts";

/** What was noticed. */
export const RELAY_FAULT = {
  /** What it acknowledged under that number never came. */
  skipped: 1,
  /** Another envelope came under that number. */
  renumbered: 2,
  /** The number came again, or its log is shorter than it was. */
  "went-back": 3,
} as const;
export type RelayFaultKind = keyof typeof RELAY_FAULT;

const relayFault = refine(u8, (value) => value >= 1 && value <= 3, "relay fault");

export const RelayStatement = struct({
  version: constant(1),
  /** Who says so. */
  device: DeviceKey,
  /** Multiaddr. */
  relay: text(ADDRESS_MAX_BYTES),
  fault: relayFault,
  log: LogId,
  topic: Topic,
  sequence: Sequence,
  at: TimeMs,
  /** Encoded: the one that it acknowledged, then the one that came. */
  envelopes: list(bytes(ENVELOPE_MAX_BYTES, 1), 2),
});
export type RelayStatement = Infer<typeof RelayStatement>;

export const SignedRelayStatement = struct({ statement: RelayStatement, signature: Signature });
export type SignedRelayStatement = Infer<typeof SignedRelayStatement>;

/** The name of {@link RELAY_FAULT} with that number. */
export function relayFaultName(number: number): RelayFaultKind {
  if (number === RELAY_FAULT.skipped) return "skipped";
  return number === RELAY_FAULT.renumbered ? "renumbered" : "went-back";
}
