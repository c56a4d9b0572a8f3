/**
 * Sealing and opening one message of a group. A receiver goes through the steps in this order, so that nothing
 * is ratcheted, derived or shown for bytes that no member's device has signed:
 *
 *   openHeader -> bounds (the chain's answer) -> checkSignature -> messageKeyAt on a copy -> openPayload -> commit
 *
 * 1. The message id covers all that the device signed: one id, one text, one author, one place in the chain.
 * 2. Nonces are random and come in as arguments; a message key is used once.
 *
 * @see PROTOCOL.md § Group messages
 */
import { lpAll, u64be } from "../verify/transcript.ts";
import { decode, encode } from "../wire/codec.ts";
import { GroupHeader, GroupMessageBody, GroupPlaintext } from "../wire/group-message.ts";
import {
  type DeviceKey,
  type EpochId,
  type GroupId,
  type Iteration,
  MessageId,
  type Nonce,
  Signature,
} from "../wire/ids.ts";
import type { HeaderKey } from "./epoch-secrets.ts";
import { hashOf } from "./kdf.ts";
import { pad, unpad } from "./padme.ts";
import type { Primitives } from "./primitives.ts";
import type { MessageKey } from "./sender-chain.ts";

/** Where a message stands: whose chain, and which step of it. */
export interface MessagePlace {
  readonly group: GroupId;
  readonly epochId: EpochId;
  readonly device: DeviceKey;
  readonly iteration: Iteration;
}

/** What it takes to seal a message, beside its text. */
export interface MessageSealing extends MessagePlace {
  readonly headerKey: HeaderKey;
  /** Rank of our device among the sorted devices of the epoch. */
  readonly index: number;
  /** Ed25519 seed of our device, 32 bytes. */
  readonly deviceSeed: Uint8Array;
  readonly messageKey: MessageKey;
  /** Random, 24 bytes each. */
  readonly nonces: { readonly header: Nonce; readonly message: Nonce };
}

/** A header that opened: some member wrote it. Nothing in it is trusted before {@link checkSignature}. */
export interface OpenedHeader {
  readonly index: number;
  readonly iteration: Iteration;
  readonly signature: Signature;
  /** H("ct", N, M), 32 bytes. */
  readonly ciphertextHash: Uint8Array;
  readonly nonce: Nonce;
  readonly ciphertext: Uint8Array;
}

/** The body of an envelope of kind `message`, and the id that everybody will know the message by. */
export function sealGroupMessage(
  p: Primitives,
  sealing: MessageSealing,
  plaintext: GroupPlaintext,
): { readonly body: Uint8Array; readonly messageId: MessageId } {
  const { headerKey, epochId, index, iteration, nonces } = sealing;
  const padded = pad(encode(GroupPlaintext, plaintext));
  const ciphertext = p.seal(sealing.messageKey, nonces.message, messageAad(sealing), padded);
  const ciphertextHash = hashOf(p, "ct", nonces.message, ciphertext);
  const signed = signedBytes(sealing, ciphertextHash);
  const signature = Signature.from(p.sign(sealing.deviceSeed, signed));
  const header: GroupHeader = { kind: "single", index, iteration, signature };
  const body = encode(GroupMessageBody, {
    headerNonce: nonces.header,
    header: p.seal(headerKey, nonces.header, headerAad(epochId, ciphertextHash), encode(GroupHeader, header)),
    nonce: nonces.message,
    ciphertext,
  });
  return { body, messageId: messageIdOf(p, signed) };
}

/** Opens the header: `malformed` when `body` is not of the format, `forged` when it was not sealed in this epoch. */
export function openHeader(
  p: Primitives,
  headerKey: HeaderKey,
  epochId: EpochId,
  body: Uint8Array,
): OpenedHeader | "malformed" | "forged" {
  const decoded = decode(GroupMessageBody, body);
  if (decoded === undefined) return "malformed";
  const { headerNonce, nonce, ciphertext } = decoded;
  const ciphertextHash = hashOf(p, "ct", nonce, ciphertext);
  const opened = p.open(headerKey, headerNonce, headerAad(epochId, ciphertextHash), decoded.header);
  if (opened === undefined) return "forged";
  const header = decode(GroupHeader, opened);
  if (header === undefined) return "malformed";
  const { index, iteration, signature } = header;
  return { index, iteration, signature, ciphertextHash, nonce, ciphertext };
}

/** The message's id when the device of `place` signed it there; the device is looked up by the header's index. */
export function checkSignature(p: Primitives, place: MessagePlace, header: OpenedHeader): MessageId | "forged" {
  const signed = signedBytes(place, header.ciphertextHash);
  return p.verify(place.device, signed, header.signature) ? messageIdOf(p, signed) : "forged";
}

/** The plaintext: `forged` when the key does not open it, `malformed` when its author sealed something else. */
export function openPayload(
  p: Primitives,
  messageKey: MessageKey,
  place: MessagePlace,
  header: OpenedHeader,
): GroupPlaintext | "forged" | "malformed" {
  const padded = p.open(messageKey, header.nonce, messageAad(place), header.ciphertext);
  if (padded === undefined) return "forged";
  const plaintext = unpad(padded);
  return (plaintext && decode(GroupPlaintext, plaintext)) ?? "malformed";
}

function messageAad({ epochId, device, iteration }: MessagePlace): Uint8Array {
  return lpAll("msg", epochId, device, u64be(iteration));
}

function headerAad(epochId: EpochId, ciphertextHash: Uint8Array): Uint8Array {
  return lpAll("hdr", epochId, ciphertextHash);
}

function signedBytes({ group, epochId, device, iteration }: MessagePlace, ciphertextHash: Uint8Array): Uint8Array {
  return lpAll("msg-sig", group, epochId, device, u64be(iteration), ciphertextHash);
}

function messageIdOf(p: Primitives, signed: Uint8Array): MessageId {
  return MessageId.from(hashOf(p, "msg-id", signed));
}
