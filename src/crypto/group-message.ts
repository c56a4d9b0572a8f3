/**
 * Sealing and opening one message of a group. A receiver goes through the steps in this order, so that nothing
 * is ratcheted, derived or shown for bytes that no member's device has signed:
 *
 *   openHeader -> bounds (the chain's answer) -> checkSignature -> messageKeyAt on a copy -> openPayload -> commit
 *
 * 1. The message id covers all that the device signed: one id, one text, one author, one place in the chain.
 * 2. Nonces are random and come in as arguments; a message key is used once.
 * 3. Messages that wait together are signed once, over the root of a tree of them. Their ids are those of the single form.
 *
 * @see PROTOCOL.md § Group messages
 */
import { lpAll, passingTranscript, room, u32be, u64be } from "../verify/transcript.ts";
import { decode, withEncoding } from "../wire/encoding.ts";
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
import { burstLeaf, burstTree, rootFrom } from "./burst-tree.ts";
import type { HeaderKey } from "./epoch-secrets.ts";
import { hashOf } from "./kdf.ts";
import { paddedWriter, unpad } from "./padme.ts";
import type { Primitives } from "./primitives.ts";
import type { MessageKey } from "./sender-chain.ts";

/** Where a message stands: whose chain, and which step of it. */
export interface MessagePlace {
  readonly group: GroupId;
  readonly epochId: EpochId;
  readonly device: DeviceKey;
  readonly iteration: Iteration;
}

const PADDED_PLAINTEXT = paddedWriter(GroupPlaintext);

/** Who seals in an epoch. */
export interface MessageAuthor {
  readonly group: GroupId;
  readonly epochId: EpochId;
  readonly device: DeviceKey;
  readonly headerKey: HeaderKey;
  /** Rank of our device among the sorted devices of the epoch. */
  readonly index: number;
  /** Ed25519 seed of our device, 32 bytes. */
  readonly deviceSeed: Uint8Array;
}

/** What it takes to seal one text. */
export interface PayloadSealing extends MessagePlace {
  readonly messageKey: MessageKey;
  /** Random, 24 bytes each. */
  readonly nonces: { readonly header: Nonce; readonly message: Nonce };
}

/** What it takes to seal and sign a message, beside its text. */
export interface MessageSealing extends MessageAuthor, PayloadSealing {}

/** A text that is sealed and has its id, before it is signed. */
export interface SealedPayload {
  readonly messageId: MessageId;
  readonly iteration: Iteration;
  readonly nonces: PayloadSealing["nonces"];
  readonly ciphertext: Uint8Array;
  /** H("ct", N, M), 32 bytes. */
  readonly ciphertextHash: Uint8Array;
  /** What the device signs when the message goes alone. */
  readonly signed: Uint8Array;
}

/** A header that opened: some member wrote it. Nothing in it is trusted before {@link checkSignature}. */
export interface OpenedHeader {
  readonly index: number;
  readonly iteration: Iteration;
  /** The header itself: signature, and in a burst the way to what is signed. */
  readonly proof: GroupHeader;
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
  const payload = sealPayload(p, sealing, plaintext);
  return { body: signAlone(p, sealing, payload), messageId: payload.messageId };
}

/** Seals a text. Nobody accepts it before {@link signPayloads}. */
export function sealPayload(p: Primitives, sealing: PayloadSealing, plaintext: GroupPlaintext): SealedPayload {
  const { iteration, nonces, messageKey } = sealing;
  const ciphertext = withEncoding(PADDED_PLAINTEXT, plaintext, (padded) =>
    p.seal(messageKey, nonces.message, messageAad(sealing), padded),
  );
  const ciphertextHash = hashOf(p, "ct", nonces.message, ciphertext);
  const signed = signedBytes(sealing, ciphertextHash);
  return { messageId: messageIdOf(p, signed), iteration, nonces, ciphertext, ciphertextHash, signed };
}

/** The bodies of payloads at consecutive places of one chain, at most BURST_MESSAGES_MAX: signed once, or alone where there is one. */
export function signPayloads(
  p: Primitives,
  author: MessageAuthor,
  payloads: readonly SealedPayload[],
): readonly Uint8Array[] {
  const [head] = payloads;
  if (head === undefined || payloads.length === 1) return payloads.map((each) => signAlone(p, author, each));
  const leaves = payloads.map(({ iteration, ciphertextHash }) => burstLeaf(p, iteration, ciphertextHash));
  const { root, paths } = burstTree(p, leaves);
  const [first, count] = [head.iteration, payloads.length];
  const signature = Signature.from(p.sign(author.deviceSeed, burstBytes(author, { first, count }, root)));
  return payloads.map((payload, position) => {
    const path = paths[position] ?? [];
    return bodyOf(p, author, payload, {
      kind: "burst",
      index: author.index,
      first,
      position,
      count,
      signature,
      path,
    });
  });
}

function signAlone(p: Primitives, author: MessageAuthor, payload: SealedPayload): Uint8Array {
  const signature = Signature.from(p.sign(author.deviceSeed, payload.signed));
  return bodyOf(p, author, payload, {
    kind: "single",
    index: author.index,
    iteration: payload.iteration,
    signature,
  });
}

function bodyOf(p: Primitives, author: MessageAuthor, payload: SealedPayload, header: GroupHeader): Uint8Array {
  const { nonces, ciphertext, ciphertextHash } = payload;
  const aad = headerAad(author.epochId, ciphertextHash);
  const sealedHeader = withEncoding(GroupHeader, header, (encoded) =>
    p.seal(author.headerKey, nonces.header, aad, encoded),
  );
  const body = { headerNonce: nonces.header, header: sealedHeader, nonce: nonces.message, ciphertext };
  return withEncoding(GroupMessageBody, body, copied);
}

/** Public bytes, copied into a buffer that short ones share. */
function copied(bytes: Uint8Array): Uint8Array {
  const out = room(bytes.length);
  out.set(bytes);
  return out;
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
  const proof = decode(GroupHeader, opened);
  if (proof === undefined) return "malformed";
  const iteration = proof.kind === "single" ? proof.iteration : ((proof.first + proof.position) as Iteration);
  if (!Number.isSafeInteger(iteration)) return "malformed";
  return { index: proof.index, iteration, proof, ciphertextHash, nonce, ciphertext };
}

/** The id that the message has if the device of `place` signed it there, which {@link checkSignature} says. */
export function claimedId(p: Primitives, place: MessagePlace, header: OpenedHeader): MessageId {
  return messageIdOf(p, signedBytes(place, header.ciphertextHash));
}

/** The message's id when the device of `place` signed it there; the device is looked up by the header's index. */
export function checkSignature(p: Primitives, place: MessagePlace, header: OpenedHeader): MessageId | "forged" {
  const { proof, ciphertextHash } = header;
  const signed = signedBytes(place, ciphertextHash);
  const claim = proof.kind === "single" ? signed : burstClaim(p, place, proof, ciphertextHash);
  return claim && p.verify(place.device, claim, proof.signature) ? messageIdOf(p, signed) : "forged";
}

/** What the device must have signed for a message of a burst; nothing when its path does not fit its place. */
function burstClaim(
  p: Primitives,
  place: MessagePlace,
  burst: GroupHeader & { readonly kind: "burst" },
  ciphertextHash: Uint8Array,
): Uint8Array | undefined {
  const root = rootFrom(p, burstLeaf(p, place.iteration, ciphertextHash), burst);
  return root && burstBytes(place, burst, root);
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
  return passingTranscript("msg", epochId, device, u64be(iteration));
}

function headerAad(epochId: EpochId, ciphertextHash: Uint8Array): Uint8Array {
  return passingTranscript("hdr", epochId, ciphertextHash);
}

function signedBytes({ group, epochId, device, iteration }: MessagePlace, ciphertextHash: Uint8Array): Uint8Array {
  return lpAll("msg-sig", group, epochId, device, u64be(iteration), ciphertextHash);
}

function burstBytes(
  { group, epochId, device }: Pick<MessagePlace, "group" | "epochId" | "device">,
  { first, count }: { readonly first: Iteration; readonly count: number },
  root: Uint8Array,
): Uint8Array {
  return lpAll("burst-sig", group, epochId, device, u64be(first), u32be(count), root);
}

function messageIdOf(p: Primitives, signed: Uint8Array): MessageId {
  return MessageId.from(hashOf(p, "msg-id", signed));
}
