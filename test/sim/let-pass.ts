/**
 * What the simulation lets pass at the end, since no protocol could do better, and how it is told:
 *
 * 1. A relay that loses what it acknowledged (a third of the lying ones): only secrecy and erasure are judged.
 * 2. A villain gives r of its re-key to some only, and nobody else may give it: what those say until somebody renews the key
 *    is closed to the others (`isKeptFrom`), who so lack witnesses of what the removed said. Whom a villain adds may get no
 *    welcome (`wasLetInBadly`).
 * 3. A device that went back to an old copy: what it said and heard from the copy on, and until it has new sessions, may be
 *    gone with its disk or sealed to its former self, or in sessions that the others have left, like the keys that it hands
 *    out; so it lacks witnesses, sends no welcome that it was about to send, and says the next thing without knowing what it
 *    had said last. Whatever was said before the copy was made arrives. Where only those know better whom it had let in
 *    since, it hears of them when they renew the key (`isCutOff`; seeds 141950, 148611: its former self had added the only ones who hold later
 *    entries, they post them in epochs that it has no key of, and what they answer lies in sessions that it has lost).
 * 4. What somebody said who was removed, left or was unlinked at any time is judged by `checkRemoved` instead.
 * 5. A group that an account is in with devices alone that it has unlinked: its others cannot ask those (`hasRetiredOnly`).
 */
import { TOPIC } from "../../src/protocol/records/topic.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { coreOf, entriesOf, type Ledger, type Said } from "./ledger.ts";
import type { Play } from "./play.ts";
import type { SimDevice } from "./sim-device.ts";

/** Devices that went back to an old copy can lack what was under way then, and so can those to whom they had written. */
export const wasRestored = ({ restored }: Ledger, name: string): boolean =>
  restored.some(({ device }) => device === name);

/** A device that went back knows nobody who has what it lacks: only those have it whom its former self had let in since. */
export function isCutOff({ world, ledger, isHostile }: Play, group: string, device: SimDevice): boolean {
  if (!wasRestored(ledger, device.name)) return false;
  const own = entriesOf(device, group);
  const known = new Set(
    ledger
      .logOf(group)
      .seenWith(own)
      .members.flatMap(({ devices }) => devices),
  );
  const hasMore = (each: SimDevice): boolean => entriesOf(each, group).some((entry) => !own.includes(entry));
  const holders = world.devices.filter((each) => !isHostile(each) && hasMore(each));
  return own.length > 0 && holders.length > 0 && !holders.some(({ keys }) => known.has(toHex(keys.device)));
}

/**
 * Somebody let that account in who may have kept its welcome to itself: a villain, or one whose old copy knew of no welcome
 * to send.
 */
export function wasLetInBadly({ world, ledger, isHostile }: Play, group: string, account: string): boolean {
  const bad = world.devices.filter((each) => isHostile(each) || wasRestored(ledger, each.name));
  const authors = new Set(bad.map(({ keys }) => toHex(keys.device)));
  return [...ledger.logOf(group).encoded.values()].some((bytes) => {
    const core = coreOf(bytes);
    const admitted = core?.action.kind === "add" ? core.action.members.map((each) => toHex(each.account)) : [];
    return core !== undefined && admitted.includes(account) && authors.has(toHex(core.author));
  });
}

/** The account is in the group with devices that it has unlinked: those hand out no prekeys, so nobody can ask them. */
export const hasRetiredOnly = (play: Play, devices: readonly string[]): boolean =>
  play.world.devices.filter(({ keys }) => devices.includes(toHex(keys.device))).every((each) => isRetired(play, each));

/** Another device of its account has unlinked it, or tried to. */
export const isRetired = ({ retired }: Play, { name }: SimDevice): boolean => retired.has(name);

/** A villain can give the secret of its re-key to some only; what those say before somebody re-keys is lost to the others. */
export const isKeptFrom = ({ flavour }: Play, { topic }: Said, device: SimDevice): boolean =>
  flavour === "hostile member" && device.record(TOPIC, topic) === undefined;

/** Where a villain kept one conversation from a device, that lacks what the others take for witnesses. */
export const lacksWitnesses = (play: Play, group: string, device: SimDevice): boolean =>
  play.ledger.said.some((each) => each.group === group && isKeptFrom(play, each, device));

/**
 * Names of the devices that started the epoch of a message, for a device that never got its key: the letter may have been
 * sealed in a session that the others had left (seed 30509: r of a re-key that its author wrote 1.8 s after it went back).
 */
export function keyAuthors({ world, ledger }: Play, { group, topic }: Said): readonly string[] {
  const heads = ledger.epochs.get(topic)?.frontier ?? [];
  const authors = heads.flatMap((head) => {
    const bytes = ledger.logOf(group).encoded.get(toHex(head));
    return (bytes && coreOf(bytes)?.author) ?? [];
  });
  return world.devices
    .filter(({ keys }) => authors.some((each) => toHex(each) === toHex(keys.device)))
    .map(({ name }) => name);
}
