/**
 * What must hold once everybody is back, the weather is calm and nothing is under way. What is let pass stands in let-pass.ts.
 */
import type { Primitives } from "../../src/crypto/primitives.ts";
import { SECRET } from "../../src/protocol/records/key-delivery.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { PENDING } from "../../src/protocol/records/pairwise.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import { decode } from "../../src/wire/encoding.ts";
import { GroupId } from "../../src/wire/ids.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import type { TwinView } from "../twin/membership-twin.ts";
import { isActive } from "./acts.ts";
import { coreOf, entriesOf, type Ledger, type Said } from "./ledger.ts";
import {
  hasRetiredOnly,
  isCutOff,
  isKeptFrom,
  isRetired,
  keyAuthors,
  lacksWitnesses,
  wasLetInBadly,
  wasRestored,
} from "./let-pass.ts";
import { linesOf } from "./memory-profile.ts";
import { adversary } from "./outsiders.ts";
import type { Play } from "./play.ts";
import type { SimDevice } from "./sim-device.ts";

export async function checkQuiescence(play: Play, primitives: Primitives): Promise<void> {
  for (const group of play.groups) {
    checkOutsiders(play, primitives, group);
    if (play.isDropping || play.world.devices.some((each) => isCutOff(play, group, each))) continue;
    const inside = insideOf(play, group);
    checkArrivals(play, group);
    await checkMembers(play, group, inside);
    checkTranscripts(play, group, inside);
  }
  checkErasure(play);
  if (!play.isDropping) checkOutboxes(play);
}

/** What the group is for somebody who has heard all that the honest have heard. */
function finalView({ world, ledger, isHostile }: Play, group: string): TwinView {
  const honest = world.devices.filter((each) => !isHostile(each));
  return ledger.logOf(group).seenWith([...new Set(honest.flatMap((each) => entriesOf(each, group)))]);
}

/** Honest devices that are members by the rules and take themselves for it. */
function insideOf(play: Play, group: string): readonly SimDevice[] {
  const members = new Set(finalView(play, group).members.flatMap(({ devices }) => devices));
  const isInside = (each: SimDevice): boolean => members.has(toHex(each.keys.device)) && isActive(each, group);
  return play.world.devices.filter((each) => !play.isHostile(each) && isInside(each));
}

function checkArrivals(play: Play, group: string): void {
  const { world, ledger, isHostile } = play;
  const { members } = finalView(play, group);
  for (const each of world.devices) {
    const member = members.find(({ account }) => account === each.account());
    if (isHostile(each) || !member || isRetired(play, each) || wasRestored(ledger, each.name)) continue;
    if (wasLetInBadly(play, group, member.account) || hasRetiredOnly(play, member.devices)) continue;
    if (!isActive(each, group))
      ledger.violate("who is added comes in", `${each.name} is a member for others and not for itself`);
    else if (!member.devices.includes(toHex(each.keys.device)))
      ledger.violate("who is back is linked", `${each.name} is in the group for itself and not for others`);
  }
  checkPasswords(play, group);
}

/** Nobody came in by a request with a wrong room password. */
function checkPasswords({ ledger, wrongGuesses }: Play, group: string): void {
  for (const bytes of ledger.logOf(group).encoded.values()) {
    const action = coreOf(bytes)?.action;
    for (const member of action?.kind === "add" ? action.members : [])
      if (member.proof && wrongGuesses.has(toHex(member.proof.nonce)))
        ledger.violate("a wrong password opens nothing", `${member.name} came in with a wrong room password`);
  }
}

async function checkMembers(play: Play, group: string, inside: readonly SimDevice[]): Promise<void> {
  const { world, ledger } = play;
  const { members: rightful, settings } = finalView(play, group);
  const expected = rightful.map(({ account, rank, devices }) => `${account} ${ROLES[rank]} ${devices.length}`);
  const epochs = new Map<string, string>();
  const names = new Set<string>();
  for (const device of inside) {
    const { members, epoch, group: shown } = await world.call(device, "group-info", { group });
    names.add(shown.name);
    const rows = members.map(({ account, role, devices }) => `${account} ${role} ${devices}`);
    if (rows.sort().join("\n") !== expected.sort().join("\n"))
      ledger.violate("one member list", `${device.name} sees others than the rules make members`);
    epochs.set(device.name, epoch.id);
  }
  for (const name of names)
    if (settings.name !== undefined && settings.name !== name)
      ledger.violate("the rules name the group", `it is called ${name}, and by the rules ${settings.name}`);
  if (names.size > 1) ledger.violate("one name", `the group is called ${[...names].join(" and ")}`);
  if (new Set(epochs.values()).size > 1)
    ledger.violate("one epoch", `epochs of sending: ${[...epochs].map(([name, id]) => `${name} ${id.slice(0, 6)}`)}`);
}

const ROLES = ["member", "admin", "owner"] as const;

/** Whether this device must have that message in the end. */
function isOwed(play: Play, said: Said, device: SimDevice): boolean {
  const { ledger } = play;
  if (isKeptFrom(play, said, device)) return false;
  const isAffected = ({ device: name, copiedMs, atMs }: Ledger["restored"][number]): boolean =>
    said.atMs >= copiedMs &&
    said.atMs <= atMs + UNSETTLED_MS &&
    [said.by, device.name, ...(device.record(TOPIC, said.topic) ? [] : keyAuthors(play, said))].includes(name);
  const left = exitsOf(ledger, said.group);
  const own = toHex(device.keys.device);
  if ([said.account, said.device, device.account(), own].some((each) => left.has(each))) return false;
  return !said.gone && said.readers.has(own) && !ledger.restored.some(isAffected);
}

/** Accounts that were removed or left at some time, and devices that were unlinked (hex). */
function exitsOf(ledger: Ledger, group: string): ReadonlySet<string> {
  const { encoded } = ledger.logOf(group);
  const accounts = new Set<string>();
  for (const bytes of encoded.values()) {
    const core = coreOf(bytes);
    if (core?.action.kind === "remove") for (const each of core.action.accounts) accounts.add(toHex(each));
    if (core?.action.kind === "unlink") accounts.add(toHex(core.action.device));
    if (core?.action.kind === "leave") accounts.add(ledger.accountOf(toHex(core.author)) ?? "");
  }
  return accounts;
}

/** Ms after a restoration within which a device may still lack keys that were given to its former self. */
const UNSETTLED_MS = 150_000;

function checkTranscripts(play: Play, group: string, inside: readonly SimDevice[]): void {
  const { ledger } = play;
  const villains = new Set(play.world.devices.filter(play.isHostile).map((each) => each.name));
  const owed = ledger.said.filter((each) => each.group === group && !villains.has(each.by));
  const shown = inside.map((device) => {
    const lines = linesOf(device.profile(), group).filter(({ kind }) => kind === "text");
    return { device, ids: lines.map(({ id }) => id), texts: lines.map(({ text }) => text) };
  });
  for (const { device, ids, texts } of shown) {
    const here = new Set(ids);
    for (const said of owed)
      if (isOwed(play, said, device) && !here.has(said.id))
        ledger.violate("nothing said vanishes", `${device.name} lacks "${said.text}" of ${said.by}`);
    const twice = texts.find((text, i) => texts.indexOf(text) < i && !isVillains(ledger, text, villains));
    if (twice !== undefined) ledger.violate("nothing is said twice", `${device.name} reads "${twice}" twice`);
  }
  checkRemoved(play, group, shown);
  for (const each of shown) checkAuthors(ledger, group, each, villains);
  const [first, ...others] = shown.map(({ device, ids }) => ({
    device,
    ids: ids.filter((id) => owed.some((each) => each.id === id)),
  }));
  for (const other of others) if (first) checkOrder(play, first, other);
}

/** What somebody said who was removed since counts for all who could read it, or for none. */
function checkRemoved(play: Play, group: string, shown: readonly Shown[]): void {
  const { ledger, isHostile, world } = play;
  const left = exitsOf(ledger, group);
  const isSteady = ({ device }: Shown): boolean =>
    !left.has(device.account()) &&
    !left.has(toHex(device.keys.device)) &&
    !wasRestored(ledger, device.name) &&
    !lacksWitnesses(play, group, device);
  const steady = shown.filter(isSteady);
  const villains = new Set(world.devices.filter(isHostile).map((each) => each.name));
  for (const said of ledger.said) {
    if (
      said.group !== group ||
      said.gone ||
      !(left.has(said.account) || left.has(said.device)) ||
      villains.has(said.by)
    )
      continue;
    const readers = steady.filter(({ device }) => said.readers.has(toHex(device.keys.device)));
    const having = readers.filter(({ ids }) => ids.includes(said.id));
    const lacking = readers.find((each) => !having.includes(each));
    if (having[0] && lacking)
      ledger.violate(
        "what the removed said counts for all or for none",
        `${having[0].device.name} reads "${said.text}" and ${lacking.device.name} does not`,
      );
  }
}

/** What somebody said first stands first. */
function checkAuthors(ledger: Ledger, group: string, { device, ids }: Shown, villains: ReadonlySet<string>): void {
  const places = new Map(ids.map((id, i) => [id, i]));
  const left = exitsOf(ledger, group);
  const last = new Map<string, { readonly place: number; readonly text: string }>();
  for (const { id, by, account, device: author, text } of ledger.said) {
    const place = places.get(id);
    if (place === undefined || left.has(account) || left.has(author) || villains.has(by) || wasRestored(ledger, by))
      continue;
    const before = last.get(by);
    if (before && before.place > place)
      ledger.violate("what is said first stands first", `${device.name} reads "${text}" before "${before.text}"`);
    last.set(by, { place, text });
  }
}

/** A villain says what it likes. */
const isVillains = (ledger: Ledger, text: string, villains: ReadonlySet<string>): boolean =>
  !ledger.said.some((each) => each.text === text && !villains.has(each.by));

interface Shown {
  readonly device: SimDevice;
  readonly ids: readonly string[];
}

/** What both have stands in the same order at both. */
function checkOrder({ ledger }: Play, one: Shown, other: Shown): void {
  const both = new Set(one.ids.filter((id) => other.ids.includes(id)));
  const here = one.ids.filter((id) => both.has(id));
  const there = other.ids.filter((id) => both.has(id));
  const at = here.findIndex((id, i) => id !== there[i]);
  const textOf = (id: string | undefined): string => ledger.said.find((each) => each.id === id)?.text ?? "";
  if (at >= 0)
    ledger.violate(
      "one order",
      `number ${at} is "${textOf(here[at])}" at ${one.device.name} and "${textOf(there[at])}" at ${other.device.name}`,
    );
}

/** Nobody who was out in the eyes of an author can compute the epoch it wrote in, with all others who were out. */
function checkOutsiders({ world, ledger }: Play, primitives: Primitives, group: string): void {
  const id = fromHex(group);
  if (!id) return;
  const everybody = world.devices.map(({ keys }) => toHex(keys.device));
  const { topicsOf } = adversary(primitives, ledger, GroupId.from(id));
  const judged = new Set<string>();
  for (const { group: where, members, topic, text } of ledger.said) {
    const outside = everybody.filter((each) => !members.has(each));
    const name = `${topic} ${outside.join()}`;
    if (where !== group || outside.length === 0 || judged.has(name)) continue;
    judged.add(name);
    if (topicsOf(outside).has(topic))
      ledger.violate("outsiders read nothing", `those outside can together open "${text}"`);
  }
}

/** Whether the device has the entry of which a saved r is. */
const hasEntry = (device: SimDevice, key: string): boolean =>
  device.profile().records.has(key.replace(SECRET.prefix, ENTRY.prefix));

/** S(F), r and used message keys are on nobody's disk any more. */
function checkErasure({ world, ledger, isHostile }: Play): void {
  for (const device of world.devices) {
    if (isHostile(device)) continue;
    const { secrets, randoms } = ledger.knowledgeOf(toHex(device.keys.device));
    // what waits for somebody's prekeys holds the secrets that it is to bring; and a copy is sent again what its former self
    // had used, for entries that the copy lacks (seed 42173)
    const isWaiting = (key: string): boolean =>
      key.startsWith(PENDING.prefix) ||
      (wasRestored(ledger, device.name) && key.startsWith(SECRET.prefix) && !hasEntry(device, key));
    const records = [...device.profile().records].filter(([key]) => !isWaiting(key));
    const disk = Buffer.concat(records.map(([, value]) => value));
    const report = (what: string, secret: Uint8Array): void => {
      const [where] = records.find(([, value]) => Buffer.from(value).includes(Buffer.from(secret))) ?? [];
      if (where !== undefined) ledger.violate("what is used is erased", `${device.name} keeps ${what} in ${where}`);
    };
    for (const secret of secrets.values()) if (disk.includes(Buffer.from(secret))) report("an epoch's secret", secret);
    for (const random of randoms.values()) if (disk.includes(Buffer.from(random))) report("the r of an entry", random);
  }
}

function checkOutboxes({ world, ledger, isHostile }: Play): void {
  for (const device of world.devices) {
    if (isHostile(device)) continue;
    for (const [key, value] of device.profile().records)
      if (key.startsWith(OUTBOX.prefix) && decode(OUTBOX.codec, value))
        ledger.violate("outboxes empty", `${device.name} still has ${key} to send`);
  }
}
