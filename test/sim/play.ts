/** Plays a plan: a world, the acts one after another, and what must hold after each of them and at the end. */
import type { ClientMethod, ClientMethods } from "../../src/client/api.ts";
import { choosePrimitives } from "../../src/crypto-native/choose-primitives.ts";
import { contactLinkText } from "../../src/protocol/link.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { concat } from "../../src/verify/transcript.ts";
import { isFault } from "../../src/wire/fault.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import { encodeUtf8 } from "../../src/wire/utf8.ts";
import { ACTS, type Flavour, isActive } from "./acts.ts";
import { watchDeliveries } from "./delivery-watch.ts";
import { type HostileMember, hostileMember } from "./hostile-member.ts";
import { type HostileRelay, hostileRelay, type Misdeed } from "./hostile-relay.ts";
import { watchKeyUse } from "./key-use.ts";
import { entriesOf, type Ledger, newLedger, type Violation } from "./ledger.ts";
import { noteLetter } from "./letters.ts";
import type { MemoryProfile } from "./memory-profile.ts";
import { deviceOn, devicesOf, recoveredDisk } from "./more-devices.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import { type AccountMaker, accountMaker } from "./prepared-accounts.ts";
import { checkQuiescence } from "./quiescence.ts";
import { relaySecrets } from "./relay-sight.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SimDevice } from "./sim-device.ts";
import type { SimRelay } from "./sim-relay.ts";
import { fewKemKeys, rememberingPrimitives, watchedPrimitives } from "./watched-primitives.ts";
import { CALM, createWorld, type World } from "./world.ts";

/** How one simulation went. */
export interface Outcome {
  readonly plan: Plan;
  /** Commits of all devices. */
  readonly steps: number;
  readonly messages: number;
  /** Crashes, partitions, restorations and misdeeds. */
  readonly faults: number;
  /** Undefined when everything held. */
  readonly violation: Violation | undefined;
}

/** A simulation under way, as the acts see it. */
export interface Play {
  readonly world: World;
  readonly flavour: Flavour;
  readonly ledger: Ledger;
  /** Group ids (hex). */
  readonly groups: string[];
  /** Invite links that somebody made. */
  readonly links: string[];
  /** Whether the hostile relay may lose what it acknowledged: then nobody can promise that it arrives. */
  readonly isDropping: boolean;
  /** Devices that another one of their account unlinked, or tried to. */
  readonly retired: ReadonlySet<string>;
  /** Nonces (hex) of requests to join that were made with a wrong room password. */
  readonly wrongGuesses: Set<string>;
  /** One more device of that person, from the recovery words. */
  readonly recover: (number: number) => Promise<void>;
  /** One of that person's devices unlinks another. */
  readonly unlink: (number: number, dice: number) => void;
  /** That person's, or one of those. */
  readonly device: (number: number) => SimDevice;
  readonly group: (step: PlannedStep) => string;
  readonly isHostile: (device: SimDevice) => boolean;
  /** A call that nobody waits for. What is not a fault of the caller or the network is a violation. */
  readonly call: <M extends ClientMethod>(
    device: SimDevice,
    method: M,
    params: ClientMethods[M][0],
    then?: (answer: ClientMethods[M][1]) => void,
  ) => void;
  readonly create: (device: SimDevice) => Promise<void>;
  readonly send: (device: SimDevice, step: PlannedStep) => void;
  readonly start: (device: SimDevice) => Promise<void>;
  readonly startAll: () => Promise<void>;
  /** Its contact link. */
  readonly contactOf: (device: SimDevice) => string;
  readonly backUp: (device: SimDevice) => void;
  readonly restore: (device: SimDevice) => Promise<void>;
  readonly partition: (reaches: (device: number, relay: number) => boolean) => void;
  readonly heal: () => void;
  readonly turnRelay: (misdeed: Misdeed | undefined) => void;
  readonly mischief: (dice: number) => Promise<void>;
}

const NAMES = ["Adelaide", "Bartholomew", "Clementine", "Desmond", "Eleanor", "Fernando", "Guinevere", "Humphrey"];
const nameOf = (number: number): string => `${NAMES[number % NAMES.length]}${number < NAMES.length ? "" : number}`;
/** Devices of one person, unlinked ones too. */
const PERSONS_DEVICES_MAX = 3;
/** Number of the relay that lies, where one does. */
const LIAR = 1;

/** Plays without end are cut off: a seed costs about this many commits at most. */
const STEPS_MAX = 200_000;

let shared:
  | Promise<{ readonly primitives: Awaited<ReturnType<typeof choosePrimitives>>; readonly prepared: AccountMaker }>
  | undefined;

/** Primitives and accounts of the whole process. */
function foundation() {
  shared ??= choosePrimitives().then((chosen) => {
    // a room password costs a quarter of a second by design, and is guessed here by nobody
    const argon2id: typeof chosen.argon2id = (password, salt) => chosen.sha256(concat(password, salt));
    const primitives = rememberingPrimitives(fewKemKeys({ ...chosen, argon2id }));
    return { primitives, prepared: accountMaker(primitives) };
  });
  return shared;
}

export async function playPlan(plan: Plan, log: (line: string) => void = () => undefined): Promise<Outcome> {
  const { primitives, prepared } = await foundation();
  const hostileName = plan.flavour === "hostile member" ? nameOf(plan.people - 1) : undefined;
  const ledger = newLedger(primitives, (name) => name === hostileName);
  const keyUse = watchKeyUse(ledger);
  const deliveries = watchDeliveries(ledger, hostileName === undefined ? 0 : 1);
  const secrets = relaySecrets(ledger);
  const recovering = new Map<string, SimDevice>();
  const liarRandom = seededRandom(plan.seed ^ 0x11a2);
  const watched = new Map<SimRelay, SimRelay>();
  let liar: HostileRelay | undefined;
  /** Device keys (hex) by name. */
  const keys = new Map<string, string>();
  const wasRestored = (name: string): boolean => ledger.restored.some(({ device }) => device === name);
  const world: World = await createWorld(plan.seed, plan.relays, {
    primitives,
    primitivesOf: (name) =>
      watchedPrimitives(primitives, {
        sealed: (sealing) => keyUse.sealed(name, sealing),
        epochSecret: (secret) => knows(name)?.secrets.set(toHex(secret), secret.slice()),
        opened: (plaintext) => {
          const knowledge = knows(name);
          if (knowledge) noteLetter(primitives, knowledge, plaintext);
        },
        rootRandom: (random) => knows(name)?.randoms.set(toHex(random), random.slice()),
      }),
    prepared: async (name, relays) => {
      const of = recovering.get(name);
      const made = of
        ? await recoveredDisk(primitives, of, { name, clock: world.clock })
        : await prepared(name, relays);
      keys.set(name, deviceOn(made.disk));
      secrets.add(`the account of ${name}`, fromHex(made.account) ?? new Uint8Array());
      secrets.add(`the name of ${name}`, encodeUtf8(name));
      return made;
    },
    seenBy: (name, relay) => {
      const seen = watched.get(relay) ?? secrets.watching(relay);
      watched.set(relay, seen);
      if (plan.flavour !== "hostile relay" || relay !== world.relays[LIAR]) return seen;
      liar ??= hostileRelay(seen, liarRandom);
      return liar.seenBy(name);
    },
    committed: (name, changes) => {
      const device = world.devices.find((each) => each.name === name);
      if (!device) return;
      ledger.committed(device, changes, world.clock.nowMs());
      const isCopy = wasRestored(name) || name === hostileName;
      keyUse.committed(name, changes, isCopy);
      const moment = { device: name, account: device.account(), nowMs: world.clock.nowMs(), isCopy };
      deliveries.committed(moment, changes);
    },
  });
  const knows = (name: string) => {
    const key = keys.get(name);
    return key === undefined ? undefined : ledger.knowledgeOf(key);
  };
  for (let i = 0; i < plan.people; i++) {
    const { name, account, keys } = await world.addDevice(nameOf(i));
    ledger.introduce(name, account(), toHex(keys.device));
  }
  await world.clock.pass(2_000);

  let faults = 0;
  let said = 0;
  const groups: string[] = [];
  const links: string[] = [];
  const copies = new Map<string, { readonly copy: MemoryProfile; readonly atMs: number }>();
  let villain: HostileMember | undefined;
  const retired = new Set<string>();
  const wrongGuesses = new Set<string>();
  const device = (number: number): SimDevice => {
    const first = world.devices[number % plan.people];
    if (!first) throw new Error(`no device ${number}`);
    const all = devicesOf(world, first).filter((each) => each.alive() && !retired.has(each.name));
    return all[world.clock.nowMs() % all.length] ?? first; // whichever is at hand
  };
  const call: Play["call"] = (who, method, params, then) => {
    if (!who.alive()) return;
    who.call(method, params).then(
      (answer) => then?.(answer),
      (error: unknown) => {
        const isTheirs = isFault(error) && (error.code.startsWith("usage/") || error.code.startsWith("network/"));
        if (!isTheirs) ledger.violate("nothing throws", `${who.name}: ${method}: ${String(error)}`);
      },
    );
  };
  const play: Play = {
    world,
    flavour: plan.flavour,
    ledger,
    groups,
    links,
    isDropping: plan.flavour === "hostile relay" && plan.seed % 3 === 0,
    retired,
    wrongGuesses,
    recover: async (number) => {
      const first = world.devices[number % plan.people];
      const count = first ? devicesOf(world, first).length : 0;
      if (!first || first.name === hostileName || count >= PERSONS_DEVICES_MAX) return;
      const name = `${first.name}'s number ${count + 1}`;
      recovering.set(name, first);
      const made = await world.addDevice(name);
      ledger.introduce(name, made.account(), toHex(made.keys.device));
    },
    unlink: (number, dice) => {
      const first = world.devices[number % plan.people];
      const all = first ? devicesOf(world, first).filter((each) => !retired.has(each.name)) : [];
      const one = all[Math.floor(dice * all.length)];
      const other = all.find((each) => each !== one);
      if (!one?.alive() || !other || first?.name === hostileName) return;
      retired.add(other.name);
      call(one, "device-unlink", { device: toHex(other.keys.device), waitMs: 3_000 });
    },
    device,
    group: ({ dice }) => groups[Math.floor(dice * 997) % groups.length] ?? "",
    isHostile: ({ name }) => name === hostileName,
    call,
    create: async (who) => {
      if (!who.alive() || groups.length > 1) return;
      secrets.add("the name of a group", encodeUtf8("walking club"));
      call(who, "group-create", { name: `walking club ${groups.length}` }, ({ group }) => {
        groups.push(group.id);
        secrets.add("the id of a group", fromHex(group.id) ?? new Uint8Array());
      });
      await world.clock.pass(20);
    },
    send: (who, step) => {
      const text = `${who.name} says number ${said++}`;
      secrets.add(`what ${who.name} says`, encodeUtf8(text));
      const group = play.group(step);
      if (isActive(who, group)) call(who, "send", { group, text, waitMs: 0 });
    },
    start: (who) => world.during(who.start()),
    startAll: async () => {
      for (const each of world.devices) await world.during(each.start());
    },
    contactOf: (who) => {
      const account = who.record(ACCOUNT);
      return account
        ? contactLinkText(primitives, { version: 1, account: account.account, relays: account.relays })
        : "";
    },
    backUp: (who) => {
      if (!copies.has(who.name)) copies.set(who.name, { copy: who.snapshot(), atMs: world.clock.nowMs() });
    },
    restore: async (who) => {
      const found = copies.get(who.name);
      if (!found || play.isHostile(who)) return;
      faults++;
      copies.delete(who.name);
      who.crash();
      who.restore(found.copy);
      ledger.restored.push({ device: who.name, copiedMs: found.atMs, atMs: world.clock.nowMs() });
      await world.during(who.start());
    },
    partition: (reaches) => {
      faults++;
      world.partition((name, relay) =>
        reaches(
          world.devices.findIndex((each) => each.name === name),
          relay,
        ),
      );
    },
    heal: () => world.partition(),
    turnRelay: (misdeed) => liar?.turn(misdeed),
    mischief: async (dice) => {
      const who = world.devices[plan.people - 1];
      const group = groups[0];
      if (!who || group === undefined) return;
      const members = () =>
        new Set(
          ledger
            .logOf(group)
            .seenWith(entriesOf(who, group))
            .members.flatMap(({ devices }) => devices),
        );
      villain ??= hostileMember({ world, device: who, group, random: seededRandom(plan.seed ^ 0xbad), members });
      await villain.act(dice);
    },
  };

  const finish = (): Outcome => ({
    plan,
    steps: ledger.commits,
    messages: ledger.said.length,
    faults: faults + (liar?.done() ?? 0) + (villain?.done() ?? 0),
    violation: ledger.violations[0],
  });
  await play.create(device(0));
  for (const step of plan.steps) {
    log(`${clockText(world)} ${describe(step)}`);
    const before = ledger.said.length;
    if (step.act === "crash" || step.act === "doom") faults++;
    await ACTS[step.act].perform(play, step);
    await world.clock.pass(step.waitMs);
    for (const each of ledger.said.slice(before)) log(`${clockText(world)}   ${each.by} sealed "${each.text}"`);
    if (ledger.violations.length > 0 || ledger.commits > STEPS_MAX) return finish();
  }
  log(`${clockText(world)} the weather clears, everybody comes back`);
  if (liar) {
    world.partition((_, relay) => relay !== LIAR);
    await world.clock.pass(100);
    liar.repent();
  }
  await comeBack(play);
  await world.clock.pass(SETTLE_MS);
  for (const group of groups)
    for (const each of world.devices)
      if (!play.isHostile(each) && isActive(each, group))
        call(each, "send", { group, text: `${each.name} says good night to ${group.slice(0, 4)}`, waitMs: 0 });
  await world.clock.pass(GOOD_NIGHT_MS);
  await checkQuiescence(play, primitives);
  return finish();
}

/** Ms in which everything comes to rest: merges are re-keyed within 35 s, missing secrets within two minutes. */
const SETTLE_MS = 400_000;
/** Ms for the last messages. */
const GOOD_NIGHT_MS = 60_000;

/** The villain is gone, and nobody has to wait for it; everybody else is there and hears everything. */
async function comeBack({ world, isHostile }: Play): Promise<void> {
  Object.assign(world.weather, CALM);
  world.partition();
  for (const each of world.devices) {
    each.dieAt();
    if (isHostile(each)) each.crash();
    else await world.during(each.start());
  }
}

const clockText = ({ clock }: World): string =>
  `${((clock.nowMs() - 1_800_000_000_000) / 1000).toFixed(1).padStart(7)} s`;

/** A step on one line. */
export const describe = ({ act, who, whom, dice, waitMs }: PlannedStep): string =>
  `${act} (${nameOf(who)}, ${nameOf(whom)}, ${dice.toFixed(3)}), then ${waitMs} ms`;
