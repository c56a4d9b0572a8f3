/**
 * Twenty people and three relays, of which one lies and two vanish, one after the other: the honest one that is left is
 * enough; and when none is, everything is healed once one returns.
 *
 * Clients and relays are those of all simulations. That members give a relay what it lacks is played after
 * src/net/relay-healing.ts: what a commit keeps is offered within LINK_TIMING.healWithinMs of the relay's return.
 */
import { choosePrimitives } from "../../src/crypto-native/choose-primitives.ts";
import { LINK_TIMING } from "../../src/net/link-timing.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { groupOf } from "./conversation.ts";
import { type HostileRelay, hostileRelay, MISDEEDS } from "./hostile-relay.ts";
import { type AccountMaker, accountMaker } from "./prepared-accounts.ts";
import type { ScenarioOutcome } from "./scenarios.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SimDevice } from "./sim-device.ts";
import { rememberingPrimitives } from "./watched-primitives.ts";
import { createWorld, people, type World } from "./world.ts";

const PEOPLE = 20;
/** By number: one vanishes and comes back, one lies throughout, one is honest and vanishes for good. */
const [RETURNS, LIES, VANISHES] = [0, 1, 2];
/** Everybody writes once within this time (ms). */
const WRITING_MS = 20_000;
/** Given up after so long (ms): messages that nobody passes on leave their writer again with the next retry. */
const HEAL_MS = 180_000;
const STEP_MS = 100;

interface Trouble {
  readonly world: World;
  readonly group: string;
  readonly said: string[];
  readonly liar: HostileRelay;
  /** By device: encoded envelopes that it keeps for others, by hex of themselves. */
  readonly kept: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
}

let shared: Promise<{ readonly primitives: ReturnType<typeof rememberingPrimitives>; readonly prepared: AccountMaker }>;

function foundation(): typeof shared {
  shared ??= choosePrimitives().then((chosen) => {
    const primitives = rememberingPrimitives(chosen);
    return { primitives, prepared: accountMaker(primitives) };
  });
  return shared;
}

/** Plays one seed. */
export async function playRelayTrouble(seed: number): Promise<ScenarioOutcome> {
  const trouble = await begin(seed);
  const { world, liar } = trouble;
  world.partition((_, relay) => relay !== RETURNS);
  liar.turn(MISDEEDS[seed % MISDEEDS.length]);
  await everybodyWrites(trouble, "with one honest relay");
  const enoughMs = await untilEqual(trouble);
  world.partition((_, relay) => relay === LIES);
  await everybodyWrites(trouble, "with the liar alone");
  world.partition((_, relay) => relay !== VANISHES);
  healed(trouble);
  const healedMs = await untilEqual(trouble);
  const failed = enoughMs === undefined ? "one honest relay was not enough" : lacking(trouble);
  const figures = {
    "one honest relay ms": enoughMs ?? HEAL_MS,
    "healed ms": healedMs ?? HEAL_MS,
    misdeeds: liar.done(),
  };
  return failed === undefined ? { figures } : { figures, failed: `${MISDEEDS[seed % MISDEEDS.length]}: ${failed}` };
}

async function begin(seed: number): Promise<Trouble> {
  const { primitives, prepared } = await foundation();
  const random = seededRandom(seed ^ 0x11a2);
  let liar: HostileRelay | undefined;
  const kept = new Map<string, Map<string, Uint8Array>>();
  const world: World = await createWorld(seed, 3, {
    primitives,
    prepared,
    seenBy: (name, relay) => {
      if (!relay.address.includes(`relay-${LIES + 1}`)) return relay;
      liar ??= hostileRelay(relay, random);
      return liar.seenBy(name);
    },
    committed: (name, changes) => {
      const mine = kept.get(name) ?? new Map<string, Uint8Array>();
      kept.set(name, mine);
      for (const envelope of changes.kept ?? []) mine.set(toHex(envelope), envelope);
    },
  });
  const names = Array.from({ length: PEOPLE }, (_, i) => `Person ${i}`);
  const { group } = await groupOf(world, await people(world, ...names));
  await world.clock.pass(10_000);
  if (!liar) throw new Error("nobody uses the relay that lies");
  return { world, group, said: [], liar, kept };
}

async function everybodyWrites({ world, group, said }: Trouble, when: string): Promise<void> {
  for (const device of world.devices) {
    const text = `${device.name} ${when}`;
    said.push(text);
    device.call("send", { group, text, waitMs: 0 }).catch(() => undefined); // what is not said is found lacking
    await world.clock.pass(WRITING_MS / PEOPLE);
  }
}

/** What members do when they have read the relay that returned to its end. */
function healed({ world, kept }: Trouble): void {
  const relay = world.relays[RETURNS];
  for (const mine of kept.values())
    world.clock.after(world.random.below(LINK_TIMING.healWithinMs), () => {
      for (const envelope of mine.values()) relay?.append(envelope);
    });
}

const missing = ({ group, said }: Trouble, device: SimDevice): readonly string[] => {
  const texts = new Set(device.texts(group).map(({ text }) => text));
  return said.filter((text) => !texts.has(text));
};

/** Ms until everybody has everything; undefined: never. */
async function untilEqual(trouble: Trouble): Promise<number | undefined> {
  const { clock, devices } = trouble.world;
  const beganMs = clock.nowMs();
  while (clock.nowMs() - beganMs < HEAL_MS) {
    if (devices.every((device) => missing(trouble, device).length === 0)) return clock.nowMs() - beganMs;
    await clock.pass(STEP_MS);
  }
  return undefined;
}

/** What does not hold in the end, or undefined. */
function lacking(trouble: Trouble): string | undefined {
  for (const device of trouble.world.devices) {
    const [first] = missing(trouble, device);
    if (first !== undefined) return `${device.name} never got "${first}"`;
    const texts = device.texts(trouble.group).map(({ text }) => text);
    const twice = trouble.said.find((text) => texts.filter((each) => each === text).length > 1);
    if (twice !== undefined) return `${device.name} was shown "${twice}" twice`;
  }
  return undefined;
}
