/**
 * What membership costs against the size of the group: adding, joining, removing, the first message afterwards.
 * Processor time of one operation with the native provider and a profile in memory, beside ts-mls in the same run.
 */
import { sealBundle } from "../src/crypto/prekey-bundle.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import type { Input } from "../src/protocol/machine.ts";
import { ROLE } from "../src/wire/entry.ts";
import { SlotKey } from "../src/wire/ids.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { bytesOf, type Club, type Cost, cost, deliveriesTo, makeClub } from "./club.ts";
import { delivery, inputs, makeDevice, processorTime, random, takeOutbox } from "./device.ts";
import { memoryStore } from "./memory-store.ts";
import { type MlsCost, makeMlsGroup, mlsAdd, mlsRemove } from "./mls-group.ts";
import { linkTo, makeOldClub, welcome } from "./old-club.ts";
import type { PairwiseDevice } from "./pairwise-device.ts";
import { atMost, type Benchmark, type Extent, figure, type Row, type Target } from "./row.ts";
import { median } from "./turns.ts";

const SIZES = [10, 100, 1_000] as const;
const LARGEST = 1_000;
/** How often each operation is measured, after one that warms up; each changes the group by one member. */
const TIMES = 6;
/** A cost that does not depend on the size: what measuring itself varies by. */
const FLAT = 1.5;
/** Entries of the log of an old group. */
const OLD_ENTRIES = 10_000;
/** ms of processor time that the project allows at 1,000 members. */
const ALLOWED_MS = { remove: 200, longestStep: 20, removeWithoutSessions: 1_500, joinOldGroup: 2_000 } as const;

/** Median of what was measured. */
const middle = (costs: readonly MlsCost[]): MlsCost => ({
  us: median(costs.map(({ us }) => us)),
  bytes: median(costs.map(({ bytes }) => bytes)),
});

const asCost = ({ us, posted }: Cost): MlsCost => ({ us, bytes: bytesOf(posted) });

/** Costs by the name of the operation. */
type Costs = Readonly<Record<"add" | "takeAdd" | "join" | "remove" | "takeRemove" | "first", MlsCost>>;

/** Runs something once to warm up, then TIMES times, and answers the middle of each cost. */
async function repeated<K extends string>(once: (round: number) => Promise<Readonly<Record<K, MlsCost>>>) {
  await once(0);
  const rounds: Readonly<Record<K, MlsCost>>[] = [];
  for (let round = 1; round <= TIMES; round++) rounds.push(await once(round));
  const names = Object.keys(rounds[0] ?? {}) as K[];
  return Object.fromEntries(names.map((name) => [name, middle(rounds.map((each) => each[name]))])) as Record<
    K,
    MlsCost
  >;
}

async function ourCosts(club: Club): Promise<Costs> {
  const adding = await repeated((round) => addOne(club, `newcomer ${round}`));
  return { ...adding, ...(await repeated((round) => removeOne(club, round))) };
}

async function addOne({ owner, admin, group }: Club, name: string) {
  const newcomer = await makeDevice(memoryStore(), name);
  const { account } = newcomer.account;
  const add = await cost(owner, {
    kind: "add",
    group: group.group,
    account,
    taken: newcomer.taken(),
    role: ROLE.member,
  });
  const seen = await cost(admin, ...(await deliveriesTo(admin, add.posted)));
  const joined = await cost(newcomer, ...(await deliveriesTo(newcomer, add.posted)));
  await inputs(owner.put, await deliveriesTo(owner, joined.posted));
  const entry = add.posted[0]?.envelope.length ?? 0;
  const join = { us: joined.us, bytes: bytesOf(add.posted) - entry };
  return { add: asCost(add), takeAdd: { us: seen.us, bytes: entry }, join };
}

async function removeOne({ owner, admin, group, people }: Club, round: number) {
  const removed = await cost(owner, removal(group.group, people[round]));
  const taken = await cost(admin, ...(await deliveriesTo(admin, removed.posted)));
  await inputs(owner.put, await deliveriesTo(owner, taken.posted));
  const said = await cost(admin, { kind: "send-text", group: group.group, text: "hello", call: toHex(random(8)) });
  if (said.posted.length !== 1) throw new Error("a message comes with something else");
  const heard = await cost(owner, ...(await deliveriesTo(owner, said.posted)));
  const letter = removed.posted.at(-1)?.envelope.length ?? 0;
  const first = { us: said.us + heard.us, bytes: bytesOf(said.posted) };
  return { remove: asCost(removed), takeRemove: { us: taken.us, bytes: letter }, first };
}

function removal(group: Club["group"]["group"], who: PairwiseDevice | undefined): Input {
  if (!who) throw new Error("nobody is left");
  return { kind: "change-group", group, change: { kind: "remove", accounts: [who.bundle.certificate.account] } };
}

/** The longest of the steps of one removal, each with its commit: for so long nothing else is done. */
async function longestStep({ owner, group, people }: Club): Promise<MlsCost> {
  const longest = await repeated(async (round) => {
    const gone = people[TIMES + 1 + round];
    const steps = [await processorTime(() => owner.put(removal(group.group, gone)))];
    await owner.finish((us) => steps.push(us));
    return { step: { us: Math.max(...steps), bytes: bytesOf(await takeOutbox(owner)) } };
  });
  return longest.step;
}

/** By somebody who has a session with one member only: prekeys of the others are looked up first. */
async function removeWithoutSessions({ admin, group, people }: Club): Promise<MlsCost> {
  const taken = people.map(({ bundle }): Input => {
    const { account } = bundle.certificate;
    const slot = SlotKey.from(random(32));
    const sealed = { slot, bundle: sealBundle(p, bundle, random(24)), oneTime: undefined };
    return { kind: "prekeys-taken", account, taken: [sealed] };
  });
  const before = await cost(admin, removal(group.group, people.at(-1)));
  const after = await cost(admin, ...taken);
  return { us: before.us + after.us, bytes: bytesOf(before.posted) + bytesOf(after.posted) };
}

async function theirCosts(members: number): Promise<Costs> {
  const group = await makeMlsGroup(members);
  const adding = await repeated(async () => {
    const { add, taken, join } = await mlsAdd(group);
    return { add, takeAdd: taken, join };
  });
  const removing = await repeated(async (round) => {
    // leaves 0 and 1 are the two that take part
    const { remove, taken, first } = await mlsRemove(group, 2 + round);
    return { remove, takeRemove: taken, first };
  });
  return { ...adding, ...removing };
}

/** Processor time of a newcomer to a group of 1,000 with a long log. */
async function joinOldGroup(): Promise<MlsCost> {
  const club = makeOldClub(LARGEST, OLD_ENTRIES);
  const { join } = await repeated(async () => {
    const newcomer = await makeDevice(memoryStore(), "newcomer");
    await newcomer.put({ kind: "join", link: linkTo(club) });
    await takeOutbox(newcomer);
    const letters = welcome(club, newcomer);
    const { us, posted } = await cost(newcomer, ...letters.map(delivery));
    if (posted.length === 0) throw new Error("the welcome was not answered");
    return { join: { us, bytes: bytesOf(letters) } };
  });
  return join;
}

const NAMES: readonly (readonly [keyof Costs, string])[] = [
  ["add", "somebody is added"],
  ["takeAdd", "a member takes an addition"],
  ["join", "the newcomer joins"],
  ["remove", "somebody is removed"],
  ["takeRemove", "a member takes a removal"],
  ["first", "first message after it, sent and opened"],
];

const costText = ({ us, bytes }: MlsCost): string => `${figure(us / 1_000)} ms, ${figure(bytes)} B`;

function besideMls(members: number, ours: Costs, theirs: Costs): readonly Row[] {
  return NAMES.map(([name, what]) => ({
    bench: "membership",
    name: `${what}, ${figure(members)} members`,
    ratio: ours[name].us / theirs[name].us,
    unit: "cost",
    ours: costText(ours[name]),
    peer: `ts-mls ${costText(theirs[name])}`,
  }));
}

interface Allowed {
  readonly name: string;
  readonly measured: MlsCost;
  readonly target: Target;
  readonly peer: string;
}

function inMs({ name, measured, target, peer }: Allowed): Row {
  return { bench: "membership", name, ratio: measured.us / 1_000, unit: "ms", target, ours: costText(measured), peer };
}

function growth(first: Costs, last: Costs): Row {
  return {
    bench: "membership",
    name: "a member takes an addition, growth from the smallest group",
    ratio: last.takeAdd.us / first.takeAdd.us,
    unit: "cost",
    target: atMost(FLAT),
    ours: costText(last.takeAdd),
    peer: `the same in the smallest ${costText(first.takeAdd)}`,
  };
}

async function run({ maxSize }: Extent, tell: (row: Row) => void): Promise<void> {
  let smallest: Costs | undefined;
  for (const members of SIZES.filter((each) => each <= maxSize)) {
    const club = await makeClub(members);
    const [ours, theirs] = [await ourCosts(club), await theirCosts(members)];
    for (const row of besideMls(members, ours, theirs)) tell(row);
    smallest ??= ours;
    if (members > SIZES[0]) tell(growth(smallest, ours));
    if (members !== LARGEST) continue;
    const peer = `ts-mls ${costText(theirs.remove)}`;
    const at = `${figure(members)} members`;
    const remove = { name: `somebody is removed, ${at}`, measured: ours.remove, target: atMost(ALLOWED_MS.remove) };
    tell(inMs({ ...remove, peer }));
    const step = { measured: await longestStep(club), target: atMost(ALLOWED_MS.longestStep) };
    tell(inMs({ ...step, name: `the longest step of a removal, ${at}`, peer }));
    const cold = { measured: await removeWithoutSessions(club), target: atMost(ALLOWED_MS.removeWithoutSessions) };
    tell(inMs({ ...cold, name: `the same by somebody without sessions`, peer }));
    const name = `joining ${at} with ${figure(OLD_ENTRIES)} entries`;
    const old = { name, measured: await joinOldGroup(), target: atMost(ALLOWED_MS.joinOldGroup) };
    tell(inMs({ ...old, peer: `ts-mls, which keeps no log: ${costText(theirs.join)}` }));
  }
}

export const MEMBERSHIP: Benchmark = {
  name: "membership",
  about: "adding, joining, removing against group size, beside ts-mls",
  run,
};
