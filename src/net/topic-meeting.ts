/**
 * Two members on one stream find out which topics both read, so that a stranger learns none of them.
 *
 * 1. A topic is named by a hash of both ends' nonces and itself; whoever does not know it learns nothing from that.
 * 2. Each end proves that it has the topic's key, bound to the other's nonce and to both PeerIds, before anything
 *    of the topic is served or read. The holder answers nothing about topics that were not proved to it.
 * 3. How many topics somebody has shows only in steps of NAMES_STEP.
 *
 * @see PROTOCOL.md § Meeting
 */
import { randomBytes } from "node:crypto";
import type { TopicSubscription } from "../client/ports/network.ts";
import { checkOpenProof } from "../verify/open-proof.ts";
import { topicName } from "../verify/topic-name.ts";
import type { Verifier } from "../verify/verifier.ts";
import { Signature } from "../wire/ids.ts";
import { OPEN_TOPICS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { HiddenProof } from "../wire/topic-frames.ts";
import { CHECKS_PER_TURN } from "./topic-limits.ts";
import { nextTurn } from "./turn-gate.ts";

/** Names in a meeting come in multiples of this; the last ones are random. */
const NAMES_STEP = 16;

/** A topic of ours, and how to prove it. */
export type OwnTopic = Pick<TopicSubscription, "topic" | "prove">;

/** The two ends of a stream: PeerIds as multihash bytes, nonces of 32 bytes. */
export interface MeetingEnds {
  readonly holderPeerId: Uint8Array;
  readonly clientPeerId: Uint8Array;
  readonly holderNonce: Uint8Array;
  readonly clientNonce: Uint8Array;
}

/** What the client sends: names and proofs of these topics, at most OPEN_TOPICS_MAX, among others that mean nothing. */
export function meetingProofs(
  sha256: Verifier["sha256"],
  topics: readonly OwnTopic[],
  ends: MeetingEnds,
): readonly HiddenProof[] {
  const proofs = topics.map(({ topic, prove }) => ({
    name: nameOf(sha256, { topic }, ends),
    signature: Signature.from(prove(ends.holderNonce, ends.holderPeerId, ends.clientPeerId)),
  }));
  return filledUp(proofs);
}

/** With names that mean nothing, up to a multiple of NAMES_STEP. */
export function filledUp(proofs: readonly HiddenProof[]): readonly HiddenProof[] {
  const size = Math.min(OPEN_TOPICS_MAX, Math.ceil(Math.max(1, proofs.length) / NAMES_STEP) * NAMES_STEP);
  const filling = Array.from({ length: Math.max(0, size - proofs.length) }, () => ({
    name: new Uint8Array(randomBytes(32)),
    signature: Signature.from(new Uint8Array(randomBytes(64))),
  }));
  return [...proofs, ...filling];
}

/** What the holder makes of it: the topics of `own` that the client has proved, with our proofs for its nonce. */
export async function shareTopics<T extends OwnTopic>(
  verifier: Verifier,
  own: Iterable<T>,
  { proofs, ends }: { readonly proofs: readonly HiddenProof[]; readonly ends: MeetingEnds },
): Promise<readonly { readonly shared: T; readonly proof: HiddenProof }[]> {
  const { holderPeerId, clientPeerId, holderNonce, clientNonce } = ends;
  const named = new Map(proofs.map((proof) => [toHex(proof.name), proof]));
  const shared: { shared: T; proof: HiddenProof }[] = [];
  let checked = 0;
  for (const each of own) {
    const proof = named.get(toHex(nameOf(verifier.sha256, each, ends)));
    if (proof === undefined) continue;
    if (++checked % CHECKS_PER_TURN === 0) await nextTurn();
    const claim = { topic: each.topic, nonce: holderNonce, holderPeerId, openerPeerId: clientPeerId, inbox: false };
    if (checkOpenProof(verifier, claim, proof.signature) !== "valid") continue;
    const signature = Signature.from(each.prove(clientNonce, clientPeerId, holderPeerId));
    shared.push({ shared: each, proof: { name: proof.name, signature } });
  }
  return shared;
}

/** What the client makes of the answer: those of `topics` whose key the holder has, too. */
export function metTopics<T extends OwnTopic>(
  verifier: Verifier,
  topics: readonly T[],
  { proofs, ends }: { readonly proofs: readonly HiddenProof[]; readonly ends: MeetingEnds },
): readonly T[] {
  const { holderPeerId, clientPeerId, clientNonce } = ends;
  const named = new Map(proofs.map(({ name, signature }) => [toHex(name), signature]));
  return topics.filter((each) => {
    const signature = named.get(toHex(nameOf(verifier.sha256, each, ends)));
    // the roles are turned round: here the holder proves itself to us
    const claim = { nonce: clientNonce, holderPeerId: clientPeerId, openerPeerId: holderPeerId, inbox: false };
    return signature && checkOpenProof(verifier, { ...claim, topic: each.topic }, signature) === "valid";
  });
}

/** How `topic` is called on this stream. */
export function nameOf(sha256: Verifier["sha256"], { topic }: Pick<OwnTopic, "topic">, ends: MeetingEnds): Uint8Array {
  return topicName(sha256, topic, { holder: ends.holderNonce, client: ends.clientNonce });
}
