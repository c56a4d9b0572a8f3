/**
 * Keys that follow from an invite's secret, and which admin reads which rendezvous.
 * The link carries the secret; the log carries only the rendezvous seed and the proof key's public half.
 */
import { deriveKey } from "../crypto/kdf.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { ROLE } from "../wire/entry.ts";
import { type EntryHash, type GroupId, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { memberOfDevice } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { ACCOUNT, TOPIC } from "./records.ts";
import { readExisting, type Step, write } from "./step.ts";

/** What an invite's secret gives to whoever holds the link. */
export interface InviteKeys {
  /** Stands in the log: with it every admin finds the joiners. 32 bytes. */
  readonly rendezvousSeed: Uint8Array;
  /** Signs the joiner's proof; only its public half stands in the log. 32 bytes. */
  readonly proofSeed: Uint8Array;
}

/** From the link's secret (32 random bytes) and the group. */
export function inviteKeys(p: Primitives, group: GroupId, secret: Uint8Array): InviteKeys {
  return {
    rendezvousSeed: deriveKey(p, "invite-rendezvous", secret, group),
    proofSeed: deriveKey(p, "invite-proof-key", secret, group),
  };
}

/** From the seed that stands in the log: the topic where joiners post, and the key that seals what they post. */
export interface RendezvousKeys {
  readonly topic: Topic;
  readonly topicSeed: Uint8Array;
  readonly sealKey: Uint8Array;
}

export function rendezvousKeys(p: Primitives, rendezvousSeed: Uint8Array): RendezvousKeys {
  const topicSeed = deriveKey(p, "invite-topic", rendezvousSeed);
  return {
    topicSeed,
    topic: Topic.from(p.signingPublicKey(topicSeed)),
    sealKey: deriveKey(p, "invite-seal", rendezvousSeed),
  };
}

/** If we may admit people, reads the rendezvous of this invite. */
export function* followInvites(work: Work, log: LogState, entry: EntryHash): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const { view } = resolve(log);
  const self = memberOfDevice(view, account.device);
  const invite = view.invites.get(toHex(entry));
  if (!invite || !self || self.role < ROLE.admin || invite.expiresAt <= work.nowMs) return;
  const { topic, topicSeed } = rendezvousKeys(work.p, invite.rendezvousSeed);
  write(work, TOPIC, toHex(topic), {
    topic,
    seed: topicSeed,
    use: { kind: "rendezvous", group: log.group, invite: entry },
  });
  work.effects.push({ kind: "subscribe", topic, seed: topicSeed, inbox: false });
}
