/**
 * Keys of an invite, and which admin reads which rendezvous.
 *
 * 1. The link carries the secret, the topic's seed and the sealing key's public half; the log carries the rendezvous
 *    seed, from which topic and sealing key follow, and the proof key's public half.
 * 2. So members cannot make the link from the log, and holders of the link cannot open what joiners post.
 *
 * @see PROTOCOL.md § Invites
 */
import { deriveKey } from "../crypto/kdf.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { ROLE } from "../wire/entry.ts";
import { type EntryHash, type GroupId, SealingKey, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import type { InviteView } from "./group-invites.ts";
import { type GroupSettings, memberOfDevice } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { ACCOUNT } from "./records/account.ts";
import { OUT } from "./records/group.ts";
import { TOPIC } from "./records/topic.ts";
import { readLog } from "./saved-log.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** Ms after its end for which an invite's rendezvous is read, so that those who come late are told. */
export const LATE_MS = 7 * 24 * 3600 * 1000;

/** Seed (32 bytes) of the key that signs a joiner's proof: from the link's secret and the room's password key, 32 bytes each. */
export function proofSeedOf(
  p: Primitives,
  { group, secret }: { readonly group: GroupId; readonly secret: Uint8Array },
  passwordKey: Uint8Array | undefined,
): Uint8Array {
  return deriveKey(p, "invite-proof-key", secret, group, ...(passwordKey ? [passwordKey] : []));
}

/** Argon2id of the room password (32 bytes), `undefined` when there is none. */
export function passwordKeyOf({ password }: Pick<GroupSettings, "password">): Uint8Array | undefined {
  return password.kind === "key" ? password.key : undefined;
}

/** From the seed that stands in the log: the topic where joiners post, and the key that opens what they post. */
export interface RendezvousKeys {
  readonly topic: Topic;
  readonly topicSeed: Uint8Array;
  /** X25519, 32 bytes. */
  readonly sealingSecret: Uint8Array;
}

export function rendezvousKeys(p: Primitives, rendezvousSeed: Uint8Array): RendezvousKeys {
  const topicSeed = deriveKey(p, "invite-topic", rendezvousSeed);
  return {
    topicSeed,
    topic: Topic.from(p.signingPublicKey(topicSeed)),
    sealingSecret: deriveKey(p, "invite-seal", rendezvousSeed),
  };
}

/** What a link says of them. */
export function rendezvousOfLink(p: Primitives, rendezvousSeed: Uint8Array) {
  const { topicSeed, sealingSecret } = rendezvousKeys(p, rendezvousSeed);
  return { topicSeed, sealingKey: SealingKey.from(p.agreementPublicKey(sealingSecret)) };
}

/** A rank has changed: if we may admit people now, we do so by every invite. Others look at none: an old group has thousands. */
export function* followEveryInvite(work: Work, log: LogState): Step<void> {
  if (!(yield* mayAdmit(work, log))) return;
  for (const invite of resolve(log).view.invites.values()) {
    if (isPast(work, invite)) continue;
    const { topic } = rendezvousKeys(work.p, invite.rendezvousSeed);
    if (!(yield* read(work, TOPIC, toHex(topic)))) yield* followInvites(work, log, invite.entry);
  }
}

function* mayAdmit(work: Work, log: LogState): Step<boolean> {
  const { device } = yield* readExisting(work, ACCOUNT);
  return (memberOfDevice(resolve(log).view, device)?.role ?? ROLE.member) >= ROLE.admin;
}

const isPast = ({ nowMs }: Work, { expiresAt }: Pick<InviteView, "expiresAt">): boolean => expiresAt + LATE_MS <= nowMs;

/** Whether a rendezvous need not be read any more: its invite ended long ago, or we are out of the group. */
export function* isRendezvousOver(
  work: Work,
  { group, invite }: { readonly group: GroupId; readonly invite: EntryHash },
): Step<boolean> {
  const log = yield* readLog(work, toHex(group));
  if (!log || (yield* read(work, OUT, toHex(group)))) return true;
  const terms = resolve(log).view.invites.get(toHex(invite));
  return !terms || isPast(work, terms);
}

/** If we may admit people, reads the rendezvous of this invite. */
export function* followInvites(work: Work, log: LogState, entry: EntryHash): Step<void> {
  const invite = resolve(log).view.invites.get(toHex(entry));
  if (!invite || isPast(work, invite) || !(yield* mayAdmit(work, log))) return;
  const { topic, topicSeed } = rendezvousKeys(work.p, invite.rendezvousSeed);
  write(work, TOPIC, toHex(topic), {
    topic,
    seed: topicSeed,
    use: { kind: "rendezvous", group: log.group, invite: entry },
  });
  work.effects.push({ kind: "subscribe", topic, seed: topicSeed, inbox: false, takesMail: true });
}
