/**
 * The Double Ratchet with header encryption: one pairwise session's messages, each under a key of its own.
 *
 * ```
 * KDF_RK : k = HMAC(rk, dh);  rk' = KDF("session-ratchet-root", k)   ck = …chain   nhk = …header
 * KDF_CK : mk = HMAC(ck, "session-message-key");  ck' = HMAC(ck, "session-chain-key")
 * message: ciphertext = XChaCha20-Poly1305(mk, nonce, aad = AD, header in clear; plaintext)
 *          header     = XChaCha20-Poly1305(hk, header nonce, aad = AD, H(nonce, ciphertext); header in clear)
 * ```
 * 1. Nothing is mutated: a step answers a new state, and one that fails answers none.
 * 2. A header is authenticated, and through it the ciphertext, before anything is ratcheted; so a forged far jump costs a few AEAD openings.
 * 3. A message key opens once: used keys are not in the state that a step answers.
 * 4. Nonces are random, so an old copy of a state never repeats a key and a nonce.
 *
 * Differs from the specification in one place: the header binds the ciphertext's hash and the ciphertext the
 * clear header (instead of the sealed one), for the sake of 2.
 * @see https://signal.org/docs/specifications/doubleratchet/ §4; PROTOCOL.md § Double Ratchet
 */
import { label } from "../verify/labels.ts";
import { lpAll } from "../verify/transcript.ts";
import { decode, encode } from "../wire/encoding.ts";
import { Nonce } from "../wire/ids.ts";
import { FORWARD_JUMP_MAX, SKIPPED_KEYS_MAX } from "../wire/limits.ts";
import { EphemeralKey, RatchetHeader, type RatchetMessage } from "../wire/pairwise.ts";
import { equalInConstantTime } from "./constant-time.ts";
import { type PastChain, type RatchetState, withoutSkipped, withSkipped } from "./double-ratchet-state.ts";
import { deriveKey, hashOf } from "./kdf.ts";
import type { Primitives } from "./primitives.ts";

/** Random bytes of one encryption: the header's nonce and the message's. */
export const RATCHET_ENCRYPT_RANDOM_BYTES = 48;
/** Random bytes of one decryption: the next ratchet secret. */
export const RATCHET_DECRYPT_RANDOM_BYTES = 32;

/** What became of a received message. */
export type RatchetOutcome =
  | { readonly kind: "opened"; readonly state: RatchetState; readonly plaintext: Uint8Array }
  /** Its key has been used, or given up as one of too many skipped ones. */
  | { readonly kind: "duplicate" }
  /** Not under any key of this session, or altered. */
  | { readonly kind: "forged" }
  /** Authentic, but more than FORWARD_JUMP_MAX messages ahead. */
  | { readonly kind: "too-far-ahead" }
  /** Authentic, but its contents break the format. */
  | { readonly kind: "malformed" };

/** The side that writes first. `secret`: SK of PQXDH; `theirKey`: the responder's signed prekey; `ratchetSecret`: 32 random bytes. */
export function startAsInitiator(
  p: Primitives,
  secret: Uint8Array,
  theirKey: Uint8Array,
  ratchetSecret: Uint8Array,
): RatchetState | undefined {
  const step = rootStep(p, deriveKey(p, "session-root", secret), ratchetSecret, theirKey);
  if (step === undefined) return undefined;
  return {
    version: 1,
    rootKey: step.rootKey,
    ...ourPair(p, ratchetSecret),
    sending: { key: step.chainKey, headerKey: deriveKey(p, "session-header", secret), next: 0 },
    receiving: undefined,
    previousLength: 0,
    nextSendHeaderKey: step.nextHeaderKey,
    nextReceiveHeaderKey: deriveKey(p, "session-next-header", secret),
    past: [],
  };
}

/** The side that answers. `ourSecret`: secret of the signed prekey that the initiator used. */
export function startAsResponder(p: Primitives, secret: Uint8Array, ourSecret: Uint8Array): RatchetState {
  return {
    version: 1,
    rootKey: deriveKey(p, "session-root", secret),
    ...ourPair(p, ourSecret),
    sending: undefined,
    receiving: undefined,
    previousLength: 0,
    nextSendHeaderKey: deriveKey(p, "session-next-header", secret),
    nextReceiveHeaderKey: deriveKey(p, "session-header", secret),
    past: [],
  };
}

/**
 * Seals `plaintext` as the next message. `associated`: AD of the session; `random`: RATCHET_ENCRYPT_RANDOM_BYTES.
 * `undefined` while a responder has not received anything, since it has no sending chain yet.
 */
export function ratchetEncrypt(
  p: Primitives,
  state: RatchetState,
  text: { readonly plaintext: Uint8Array; readonly associated: Uint8Array },
  random: Uint8Array,
): { readonly state: RatchetState; readonly message: RatchetMessage } | undefined {
  const { sending, previousLength } = state;
  if (sending === undefined) return undefined;
  const headerNonce = Nonce.from(random.slice(0, 24));
  const nonce = Nonce.from(random.slice(24, RATCHET_ENCRYPT_RANDOM_BYTES));
  const clear = encode(RatchetHeader, {
    ratchetKey: state.ourKey,
    previousLength,
    number: sending.next,
  });
  const { messageKey, chainKey } = chainStep(p, sending.key);
  const ciphertext = p.seal(messageKey, nonce, messageAad(text.associated, clear), text.plaintext);
  messageKey.fill(0);
  const header = p.seal(sending.headerKey, headerNonce, headerAad(p, text.associated, nonce, ciphertext), clear);
  return {
    state: { ...state, sending: { ...sending, key: chainKey, next: sending.next + 1 } },
    message: { headerNonce, header, nonce, ciphertext },
  };
}

/** Opens `message`. `associated`: AD of the session; `random`: RATCHET_DECRYPT_RANDOM_BYTES. */
export function ratchetDecrypt(
  p: Primitives,
  state: RatchetState,
  received: { readonly message: RatchetMessage; readonly associated: Uint8Array },
  random: Uint8Array,
): RatchetOutcome {
  const { message, associated } = received;
  const aad = headerAad(p, associated, message.nonce, message.ciphertext);
  const openHeader = (headerKey: Uint8Array) => p.open(headerKey, message.headerNonce, aad, message.header);
  const openWith = (found: Found) => openBody(p, found, received);

  const current = state.receiving === undefined ? undefined : openHeader(state.receiving.headerKey);
  if (current !== undefined) return openWith(findInCurrent(p, state, current));
  const next = openHeader(state.nextReceiveHeaderKey);
  if (next !== undefined) return openWith(findInNext(p, state, next, random));
  for (const chain of state.past) {
    const clear = openHeader(chain.headerKey);
    if (clear !== undefined) return openWith(findSkipped(state, chain, clear));
  }
  return { kind: "forged" };
}

/** The key of a message whose header is authentic, and the state after using it; or why there is none. */
type Found =
  | { readonly kind: "key"; readonly clear: Uint8Array; readonly key: Uint8Array; readonly state: RatchetState }
  | { readonly kind: "duplicate" | "too-far-ahead" | "malformed" };

function openBody(
  p: Primitives,
  found: Found,
  { message, associated }: { readonly message: RatchetMessage; readonly associated: Uint8Array },
): RatchetOutcome {
  if (found.kind !== "key") return found;
  const plaintext = p.open(found.key, message.nonce, messageAad(associated, found.clear), message.ciphertext);
  return plaintext === undefined ? { kind: "forged" } : { kind: "opened", state: found.state, plaintext };
}

/** A message of the chain that is being received: the expected one, a later one, or one that was skipped. */
function findInCurrent(p: Primitives, state: RatchetState, clear: Uint8Array): Found {
  const header = decode(RatchetHeader, clear);
  const { receiving } = state;
  if (header === undefined || receiving === undefined) return { kind: "malformed" };
  if (header.number >= receiving.next) return advance(p, state, header.number, clear);
  const chain = state.past.find(({ headerKey }) => equalInConstantTime(headerKey, receiving.headerKey));
  return chain === undefined ? { kind: "duplicate" } : findSkipped(state, chain, clear);
}

/** The first message of a new chain: the rest of the old chain is skipped, and the ratchet turns. */
function findInNext(p: Primitives, state: RatchetState, clear: Uint8Array, random: Uint8Array): Found {
  const header = decode(RatchetHeader, clear);
  if (header === undefined) return { kind: "malformed" };
  const rest = skipRest(p, state, header.previousLength);
  if (rest === undefined) return { kind: "too-far-ahead" };
  const turned = turn(p, rest, header.ratchetKey, random);
  return turned === undefined ? { kind: "malformed" } : advance(p, turned, header.number, clear);
}

function findSkipped(state: RatchetState, chain: PastChain, clear: Uint8Array): Found {
  const header = decode(RatchetHeader, clear);
  if (header === undefined) return { kind: "malformed" };
  const key = chain.keys.find(({ number }) => number === header.number)?.key;
  if (key === undefined) return { kind: "duplicate" };
  return { kind: "key", clear, key, state: withoutSkipped(state, chain, header.number) };
}

/** Steps the receiving chain up to `number`, keeping the keys on the way. */
function advance(p: Primitives, state: RatchetState, number: number, clear: Uint8Array): Found {
  const skipped = skipTo(p, state, number);
  if (skipped?.receiving === undefined) return { kind: "too-far-ahead" };
  const { messageKey, chainKey } = chainStep(p, skipped.receiving.key);
  const receiving = { ...skipped.receiving, key: chainKey, next: number + 1 };
  return { kind: "key", clear, key: messageKey, state: { ...skipped, receiving } };
}

/** The old chain's keys up to its length, and its header key for late ones; `undefined` when that is too far ahead. */
function skipRest(p: Primitives, state: RatchetState, length: number): RatchetState | undefined {
  return state.receiving === undefined ? state : skipTo(p, state, Math.max(length, state.receiving.next));
}

function skipTo(p: Primitives, state: RatchetState, number: number): RatchetState | undefined {
  const { receiving } = state;
  if (receiving === undefined || number - receiving.next > FORWARD_JUMP_MAX) return undefined;
  const keys = [];
  let key = receiving.key;
  for (let each = receiving.next; each < number; each++) {
    if (number - each <= SKIPPED_KEYS_MAX) keys.push({ number: each, key: messageKeyOf(p, key) });
    key = nextChainKey(p, key);
  }
  return withSkipped({ ...state, receiving: { ...receiving, key, next: number } }, receiving.headerKey, keys);
}

/** DHRatchetHE: a receiving chain from their new key, then a sending chain from a new key of ours. */
function turn(
  p: Primitives,
  state: RatchetState,
  theirKey: Uint8Array,
  ratchetSecret: Uint8Array,
): RatchetState | undefined {
  const receive = rootStep(p, state.rootKey, state.ourSecret, theirKey);
  const send = receive === undefined ? undefined : rootStep(p, receive.rootKey, ratchetSecret, theirKey);
  if (receive === undefined || send === undefined) return undefined;
  return {
    ...state,
    rootKey: send.rootKey,
    ...ourPair(p, ratchetSecret),
    receiving: { key: receive.chainKey, headerKey: state.nextReceiveHeaderKey, next: 0 },
    nextReceiveHeaderKey: receive.nextHeaderKey,
    sending: { key: send.chainKey, headerKey: state.nextSendHeaderKey, next: 0 },
    nextSendHeaderKey: send.nextHeaderKey,
    previousLength: state.sending?.next ?? 0,
  };
}

function ourPair(p: Primitives, secret: Uint8Array) {
  return { ourSecret: secret.slice(), ourKey: EphemeralKey.from(p.agreementPublicKey(secret)) };
}

function rootStep(p: Primitives, rootKey: Uint8Array, ourSecret: Uint8Array, theirKey: Uint8Array) {
  const shared = p.agree(ourSecret, theirKey);
  if (shared === undefined) return undefined;
  const key = p.hmac(rootKey, shared);
  return {
    rootKey: deriveKey(p, "session-ratchet-root", key),
    chainKey: deriveKey(p, "session-ratchet-chain", key),
    nextHeaderKey: deriveKey(p, "session-ratchet-header", key),
  };
}

function chainStep(p: Primitives, chainKey: Uint8Array) {
  return { messageKey: messageKeyOf(p, chainKey), chainKey: nextChainKey(p, chainKey) };
}

function messageKeyOf(p: Primitives, chainKey: Uint8Array): Uint8Array {
  return p.hmac(chainKey, label("session-message-key"));
}

function nextChainKey(p: Primitives, chainKey: Uint8Array): Uint8Array {
  return p.hmac(chainKey, label("session-chain-key"));
}

function messageAad(associated: Uint8Array, clearHeader: Uint8Array): Uint8Array {
  return lpAll("session-message", associated, clearHeader);
}

function headerAad(p: Primitives, associated: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return hashOf(p, "session-message-header", associated, nonce, ciphertext);
}
