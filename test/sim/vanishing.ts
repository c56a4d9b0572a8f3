/**
 * Members without a relay, of whom many vanish at once: how long until those who are left have all that any of them has.
 *
 * The choice of neighbours, the book of addresses and the comparison of sets are the program's own (src/net); connections
 * and envelopes are played: a connection takes a round trip to be made, one more to be met, and loses what is under way
 * when an end of it goes. Ids stand for envelopes.
 */
import { createHash } from "node:crypto";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { LINK_TIMING, memberTiming } from "../../src/net/link-timing.ts";
import {
  DIALS_MAX,
  LINKS_MAX,
  LOOK_MS,
  needsNeighbours,
  PATIENCE_MS,
  replacedNeighbour,
  wantsNeighbour,
} from "../../src/net/neighbour-choice.ts";
import { type AddressBook, type AddressOutcome, addressBook } from "../../src/net/peer-address-book.ts";
import { answerRange, compareSets } from "../../src/net/set-comparison.ts";
import { type EventLine, eventLine } from "./event-line.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";

/** How they go. `killed`: their sockets are closed by the system; `silent`: nothing is heard of them any more, as after a power cut. */
export type Departure = "killed" | "silent";

export interface VanishingOptions {
  readonly people: number;
  readonly vanish: number;
  readonly departure: Departure;
}

export const FIFTY: VanishingOptions = { people: 50, vanish: 30, departure: "killed" };

export interface VanishingOutcome {
  /** From the moment at which they vanish until the rest have the same (ms); undefined: not within HEAL_MS. */
  readonly healedMs: number | undefined;
  /** Members at whom the one of them who has fewest reads just before. */
  readonly fewestNeighbours: number;
  /** Of the rest, those who just after it read at nobody any more. */
  readonly alone: number;
}

/** Time to find neighbours, before anything happens (ms). */
const MEET_MS = 20_000;
/** Given up after so long (ms). */
const HEAL_MS = 120_000;
/** One way between two machines (ms): a LAN, or a city. */
const WAY_MS = { least: 2, most: 40 } as const;
/** All write within this time around the moment at which many vanish (ms), so that much is under way then. */
const WRITING_MS = 400;
const TOPIC = "the topic";

interface Link {
  readonly to: Member;
  isReading: boolean;
  readonly reads: (topic: string) => boolean;
}

interface Member {
  readonly number: number;
  readonly address: Multiaddr;
  readonly book: AddressBook;
  readonly links: Map<Member, Link>;
  readonly ids: Set<string>;
  isHere: boolean;
  dials: number;
}

interface Crowd extends VanishingOptions {
  readonly line: EventLine;
  readonly random: SeededRandom;
  readonly members: readonly Member[];
}

/** Plays one seed. */
export async function playVanishing(seed: number, options: VanishingOptions = FIFTY): Promise<VanishingOutcome> {
  const crowd = gather(seed, options);
  const { line, members, random } = crowd;
  for (const member of members) line.after(random.below(1_000), () => look(crowd, member));
  await line.run(MEET_MS);
  const neighbours = members.map(readersOf);
  for (const [i, member] of members.entries())
    line.after(random.below(WRITING_MS), () => member.isHere && keep(crowd, member, idOf(seed, i)));
  await line.run(WRITING_MS / 2);
  const gone = shuffled(members, random).slice(0, options.vanish);
  for (const member of gone) vanish(crowd, member);
  const rest = members.filter(({ isHere }) => isHere);
  const alone = rest.filter(({ links }) => ![...links.values()].some(({ to, isReading }) => isReading && to.isHere));
  const writingOverMs = line.nowMs() + WRITING_MS / 2;
  const beganMs = line.nowMs();
  const isHealed = (): boolean => line.nowMs() >= writingOverMs && areEqual(rest);
  const healed = await line.run(HEAL_MS, isHealed);
  return {
    healedMs: healed ? line.nowMs() - beganMs : undefined,
    fewestNeighbours: Math.min(...neighbours),
    alone: alone.length,
  };
}

function gather(seed: number, options: VanishingOptions): Crowd {
  const random = seededRandom(seed ^ 0x0fa9_1511);
  const line = eventLine();
  const members = Array.from({ length: options.people }, (_, number): Member => {
    const address = addressOf(number);
    const book = addressBook(line.nowMs, random.fraction);
    return { number, address, book, links: new Map(), ids: new Set(), isHere: true, dials: 0 };
  });
  for (const { book, number } of members)
    for (const other of members) if (other.number !== number) book.learn(other.address);
  return { ...options, line, random, members };
}

const addresses = new Map<number, Multiaddr>();

function addressOf(number: number): Multiaddr {
  const known = addresses.get(number) ?? multiaddr(`/ip4/192.0.2.${number}/tcp/1`);
  addresses.set(number, known);
  return known;
}

const idOf = (seed: number, number: number): string => createHash("sha256").update(`${seed} ${number}`).digest("hex");

const readersOf = ({ links }: Member): number => [...links.values()].filter(({ isReading }) => isReading).length;

const readersAt = ({ members }: Crowd, member: Member): number =>
  members.filter(
    (reader) => reader.links.get(member)?.isReading === true && (reader.isHere || member.links.has(reader)),
  ).length; // whoever is gone counts until that is noticed

const areEqual = ([first, ...others]: readonly Member[]): boolean =>
  first === undefined ||
  others.every(({ ids }) => ids.size === first.ids.size && [...ids].every((id) => first.ids.has(id)));

function shuffled<T>(items: readonly T[], random: SeededRandom): readonly T[] {
  return items
    .map((item) => ({ item, place: random.fraction() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

const way = ({ random }: Crowd): number => WAY_MS.least + random.below(WAY_MS.most - WAY_MS.least);

/** As PeerLinks does it every LOOK_MS. */
function look(crowd: Crowd, member: Member): void {
  if (!member.isHere) return;
  dialDue(crowd, member);
  crowd.line.after(LOOK_MS, () => look(crowd, member));
}

function dialDue(crowd: Crowd, member: Member): void {
  while (
    member.isHere &&
    member.dials < DIALS_MAX &&
    needsNeighbours(member.links, [TOPIC], () => readersAt(crowd, member))
  ) {
    const address = member.book.take();
    const other = address && crowd.members.find((each) => each.address.equals(address));
    if (!address || !other) return;
    dial(crowd, member, other);
  }
}

function dial(crowd: Crowd, member: Member, other: Member): void {
  const { line, departure } = crowd;
  const over = (outcome: AddressOutcome): void => member.book.settle(other.address, outcome);
  const isAnswered = other.isHere || departure === "killed";
  member.dials += 1;
  const settledMs = isAnswered ? 2 * way(crowd) : LINK_TIMING.connectTimeoutMs;
  line.after(Math.min(settledMs, PATIENCE_MS), () => {
    member.dials -= 1;
    if (!isAnswered) dialDue(crowd, member);
  });
  line.after(settledMs, () => {
    if (!member.isHere) return;
    if (!other.isHere) return over("absent");
    if (member.links.has(other)) return over("member");
    talk(crowd, member, other);
  });
}

/** A link from the connection on: the ends meet, and reading begins with a comparison. */
function talk(crowd: Crowd, member: Member, other: Member, isCalledOn = false): void {
  const link: Link = { to: other, isReading: false, reads: () => link.isReading };
  member.links.set(other, link);
  crowd.line.after(2 * way(crowd), () => {
    if (!member.isHere || !other.isHere) return; // its end is noticed as that of any link
    if (isCalledOn) makeRoom(crowd, member);
    meet(crowd, member, link);
    const back = other.links.get(member);
    if (back) meet(crowd, other, back);
    else if (other.links.size < LINKS_MAX) talk(crowd, other, member, true);
  });
}

function makeRoom({ random }: Crowd, { links }: Member): void {
  const replaced = replacedNeighbour(links.values(), TOPIC, random.fraction());
  if (replaced) replaced.isReading = false;
}

function meet(crowd: Crowd, member: Member, link: Link): void {
  if (link.isReading || !wantsNeighbour(member.links.values(), TOPIC)) return;
  link.isReading = true;
  void catchUp(crowd, member, link);
}

async function catchUp(crowd: Crowd, member: Member, { to }: Link): Promise<void> {
  const difference = await compareSets([...member.ids].sort(), async (questions) => {
    await crowd.line.pause(2 * way(crowd));
    return to.isHere ? questions.map((each) => answerRange([...to.ids].sort(), each)) : undefined;
  });
  await crowd.line.pause(2 * way(crowd));
  if (to.isHere) for (const id of difference?.lacking ?? []) keep(crowd, member, id);
}

/** What is new goes on to all who read here. */
function keep(crowd: Crowd, member: Member, id: string): void {
  if (!member.isHere || member.ids.has(id)) return;
  member.ids.add(id);
  for (const reader of crowd.members) {
    if (reader.links.get(member)?.isReading !== true) continue;
    crowd.line.after(way(crowd), () => member.isHere && keep(crowd, reader, id));
  }
}

function vanish(crowd: Crowd, gone: Member): void {
  gone.isHere = false;
  for (const member of crowd.members)
    if (member.links.has(gone)) crowd.line.after(noticedAfterMs(crowd), () => end(crowd, member, gone));
}

/** A closed socket is told at once; silence is noticed by the heartbeat, whose last answer came up to a beat ago. */
function noticedAfterMs({ departure, random, ...crowd }: Crowd): number {
  const { deadAfterMs, heartbeatMs } = memberTiming(LINK_TIMING, "outbound");
  if (departure === "killed") return way({ departure, random, ...crowd });
  return deadAfterMs - random.below(heartbeatMs) + heartbeatMs / 5;
}

function end(crowd: Crowd, member: Member, gone: Member): void {
  if (!member.isHere || !member.links.delete(gone)) return;
  member.book.settle(gone.address, crowd.departure === "silent" ? "silent" : "member");
  for (const link of member.links.values()) if (link.to.isHere) meet(crowd, member, link);
}
