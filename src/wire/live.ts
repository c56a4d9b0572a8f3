/**
 * What is said in passing: forwarded to whoever reads an epoch's topic at that moment, never stored, never asked for again.
 *
 * ```
 * body       nonce 24 | sealed (u32 length)
 * plaintext  version 1 | sender index 4 | said at 8 | content (u32 length) | device signature 64
 * content    tag 1 | chains (list of index 4, upTo 8) | frontier (list of 32)      report
 *            tag 2 |                                                              please report
 *            tag 3 | addresses (list of text) | expires at 8                      reachable there
 * ```
 * @see PROTOCOL.md § Live frames
 */
import { bytes, constant, list, struct, text, u32, union } from "./codec.ts";
import type { Infer } from "./encoding.ts";
import { Iteration, MessageId, Nonce, Signature, TimeMs } from "./ids.ts";
import {
  LIVE_MAX_BYTES,
  MEMBER_ADDRESS_MAX_BYTES,
  MEMBER_ADDRESSES_MAX,
  MESSAGE_FRONTIER_MAX,
  REPORT_CHAINS_MAX,
} from "./limits.ts";

/** What a holder forwards. */
export const LiveBody = struct({ nonce: Nonce, ciphertext: bytes(LIVE_MAX_BYTES, 16) });
export type LiveBody = Infer<typeof LiveBody>;

/** Of the chain of the device with this index everything before iteration `upTo` is stored by whoever says so. */
export const StoredChain = struct({ index: u32, upTo: Iteration });
export type StoredChain = Infer<typeof StoredChain>;

export const LiveContent = union({
  report: [
    1,
    struct({ chains: list(StoredChain, REPORT_CHAINS_MAX), frontier: list(MessageId, MESSAGE_FRONTIER_MAX) }),
  ],
  /** Somebody who was away does not know how far what it sent has come. */
  pleaseReport: [2, struct({})],
  /** Where the author can be reached until then. */
  addresses: [
    3,
    struct({ addresses: list(text(MEMBER_ADDRESS_MAX_BYTES), MEMBER_ADDRESSES_MAX, 1), expiresAt: TimeMs }),
  ],
});
export type LiveContent = Infer<typeof LiveContent>;

/** What is sealed, after padding. `content` is a {@link LiveContent}, as it was signed. */
export const LivePlaintext = struct({
  version: constant(1),
  index: u32,
  saidAt: TimeMs,
  content: bytes(LIVE_MAX_BYTES, 1),
  signature: Signature,
});
export type LivePlaintext = Infer<typeof LivePlaintext>;
