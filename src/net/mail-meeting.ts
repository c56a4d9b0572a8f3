/**
 * Two clients on one stream find out whether one of them takes the mail that the other has: letters to an inbox, requests
 * at a rendezvous.
 *
 * 1. An inbox is named as any topic is (topic-meeting.ts): whoever does not know it learns nothing from that.
 * 2. Who has mail cannot prove the topic, and need not. Who takes it does, bound to the other's nonce and to both PeerIds:
 *    nobody hands letters to somebody who has only heard of the inbox.
 * 3. So whoever knows an inbox can find out that its owner is at the other end of a connection: people who have its contact,
 *    and relays, which are shown the inbox on the owner's connection anyway.
 *
 * @see PROTOCOL.md § Meeting
 */
import { randomBytes } from "node:crypto";
import type { TopicSubscription } from "../client/ports/network.ts";
import { checkOpenProof } from "../verify/open-proof.ts";
import type { Verifier } from "../verify/verifier.ts";
import { ENVELOPE_KIND, kindOf, topicOf } from "../wire/envelope.ts";
import { Signature, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { HiddenProof } from "../wire/topic-frames.ts";
import { filledUp, type MeetingEnds, nameOf } from "./topic-meeting.ts";

/** Where mail is for. `inbox`: what is taken there are deposits, else join requests. */
export type MailTopic = Pick<TopicSubscription, "topic" | "inbox">;

/** Where this encoded envelope is mail for; undefined when it is none. */
export function mailTopicOf(envelope: Uint8Array): MailTopic | undefined {
  const kind = kindOf(envelope);
  if (kind !== ENVELOPE_KIND.deposit && kind !== ENVELOPE_KIND.rendezvous) return undefined;
  return { topic: Topic.from(topicOf(envelope).slice()), inbox: kind === ENVELOPE_KIND.deposit };
}

/** What the client sends: names of these, at most OPEN_TOPICS_MAX, with signatures that mean nothing, among others. */
export function mailNames(
  sha256: Verifier["sha256"],
  mail: readonly MailTopic[],
  ends: MeetingEnds,
): readonly HiddenProof[] {
  return filledUp(
    mail.map((each) => ({
      name: nameOf(sha256, each, ends),
      signature: Signature.from(new Uint8Array(randomBytes(64))),
    })),
  );
}

/** What the holder answers: our proofs for those of `own` that were named. */
export function ownMail(
  sha256: Verifier["sha256"],
  own: Iterable<Pick<TopicSubscription, "topic" | "prove">>,
  { proofs, ends }: { readonly proofs: readonly HiddenProof[]; readonly ends: MeetingEnds },
): readonly HiddenProof[] {
  const named = new Set(proofs.map(({ name }) => toHex(name)));
  const { clientNonce, clientPeerId, holderPeerId } = ends;
  return [...own].flatMap((each) => {
    const name = nameOf(sha256, each, ends);
    if (!named.has(toHex(name))) return [];
    return [{ name, signature: Signature.from(each.prove(clientNonce, clientPeerId, holderPeerId)) }];
  });
}

/** What the client makes of the answer: those of `mail` that the holder has proved to be its own. */
export function takenMail<M extends MailTopic>(
  verifier: Verifier,
  mail: readonly M[],
  { proofs, ends }: { readonly proofs: readonly HiddenProof[]; readonly ends: MeetingEnds },
): readonly M[] {
  const named = new Map(proofs.map(({ name, signature }) => [toHex(name), signature]));
  const { clientNonce: nonce, clientPeerId, holderPeerId } = ends;
  return mail.filter((each) => {
    const signature = named.get(toHex(nameOf(verifier.sha256, each, ends)));
    // the roles are turned round: here the holder proves itself to us
    const claim = { ...each, nonce, holderPeerId: clientPeerId, openerPeerId: holderPeerId };
    return signature !== undefined && checkOpenProof(verifier, claim, signature) === "valid";
  });
}
