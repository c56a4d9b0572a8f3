/**
 * Everything that can happen in a mixed simulation, how often, and how it is done. An act that is not possible now
 * does nothing: a plan stays a plan when parts of it are left out. To add one: a row of the table.
 */
import { GROUP, OUT } from "../../src/protocol/records.ts";
import { ROLE } from "../../src/wire/entry.ts";
import { EntryHash } from "../../src/wire/ids.ts";
import { fromHex } from "../../src/wire/text-forms.ts";
import { MISDEEDS } from "./hostile-relay.ts";
import { coreOf } from "./ledger.ts";
import type { PlannedStep } from "./plan.ts";
import type { Play } from "./play.ts";
import type { SimDevice } from "./sim-device.ts";
import { CALM } from "./world.ts";

/** What makes a simulation special. */
export type Flavour = "fair" | "hostile relay" | "hostile member";

interface Act {
  /** How often, relative to the others. */
  readonly weight: number;
  /** Only in simulations of this kind. */
  readonly only?: Flavour;
  readonly perform: (play: Play, step: PlannedStep) => unknown;
}

export type ActName = keyof typeof TABLE;

const TABLE = {
  send: { weight: 18, perform: (play, step) => play.send(play.device(step.who), step) },
  create: { weight: 0.2, perform: (play, { who }) => play.create(play.device(who)) },
  add: { weight: 3, perform: add },
  invite: { weight: 1, perform: invite },
  join: { weight: 2, perform: join },
  rekey: { weight: 0.6, perform: (play, step) => play.change(step, { kind: "rekey" }) },
  remove: { weight: 1.2, perform: remove },
  leave: { weight: 0.25, perform: (play, step) => play.change(step, { kind: "leave" }) },
  role: { weight: 0.8, perform: role },
  settings: { weight: 0.4, perform: settings },
  "revoke invite": { weight: 0.2, perform: revokeInvite },
  crash: { weight: 2, perform: (play, { who }) => play.device(who).crash() },
  doom: { weight: 1.5, perform: doom },
  restart: { weight: 4, perform: (play, { who }) => play.start(play.device(who)) },
  "restart all": { weight: 1, perform: (play) => play.startAll() },
  "back up": { weight: 0.5, perform: (play, { who }) => play.backUp(play.device(who)) },
  restore: { weight: 0.25, perform: (play, { who }) => play.restore(play.device(who)) },
  partition: { weight: 1, perform: partition },
  heal: { weight: 1.5, perform: (play) => play.heal() },
  weather: { weight: 1.5, perform: weather },
  mood: { weight: 4, only: "hostile relay", perform: mood },
  mischief: { weight: 5, only: "hostile member", perform: (play, step) => play.mischief(step.dice) },
} as const satisfies Record<string, Act>;

export const ACTS: Readonly<Record<ActName, Act>> = TABLE;

function add(play: Play, step: PlannedStep): void {
  const admin = play.device(step.who);
  const account = play.contactOf(play.device(step.whom));
  const role = step.dice < 0.3 ? ("admin" as const) : ("member" as const);
  play.call(admin, "group-add", { group: play.group(step), account, role, waitMs: 3_000 });
}

function invite(play: Play, step: PlannedStep): void {
  const group = play.group(step);
  const role = step.dice < 0.1 ? ("admin" as const) : ("member" as const);
  play.call(play.device(step.who), "group-invite", { group, uses: 1 + (step.whom % 5), role }, ({ link }) =>
    play.links.push(link),
  );
}

function join(play: Play, step: PlannedStep): void {
  const link = play.links[Math.floor(step.dice * play.links.length)] ?? play.links.at(-1);
  if (link) play.call(play.device(step.whom), "group-join", { link, waitMs: 2_000 });
}

function remove(play: Play, step: PlannedStep): Promise<void> {
  return play.change(step, { kind: "remove", accounts: [play.device(step.whom).keys.account] });
}

/** Mostly admins, now and then a new owner. */
function role(play: Play, step: PlannedStep): Promise<void> {
  const given = step.dice < 0.15 ? ROLE.owner : step.dice < 0.7 ? ROLE.admin : ROLE.member;
  return play.change(step, { kind: "role", account: play.device(step.whom).keys.account, role: given });
}

function settings(play: Play, step: PlannedStep): Promise<void> {
  const same = { password: undefined, inviters: undefined, rekey: undefined, relays: undefined };
  return play.change(step, { kind: "settings", ...same, name: `walking club, ${step.dice.toFixed(3)}` });
}

/** One of the invites that the device knows. */
async function revokeInvite(play: Play, step: PlannedStep): Promise<void> {
  const { encoded } = play.ledger.logOf(play.group(step));
  const invites = [...encoded].filter(([, bytes]) => coreOf(bytes)?.action.kind === "invite");
  const [hash] = invites[Math.floor(step.dice * invites.length)] ?? [];
  const invite = hash === undefined ? undefined : fromHex(hash);
  if (invite) await play.change(step, { kind: "revokeInvite", invite: EntryHash.from(invite) });
}

function doom(play: Play, { who, whom, dice }: PlannedStep): void {
  play.device(who).dieAt({ commit: 1 + (whom % 5), when: dice < 0.5 ? "before" : "after" });
}

/** Everybody reaches some of the relays: a number for each pair from the dice. */
function partition(play: Play, { dice }: PlannedStep): void {
  play.partition((device: number, relay: number) => hash(dice * 1e9 + 31 * device + 7 * relay) % 2 === 0);
}

const hash = (value: number): number => Math.imul(Math.floor(value) ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 13;

function weather({ world, flavour }: Play, { dice, whom }: PlannedStep): void {
  const bad = {
    loss: flavour === "hostile relay" ? 0 : 0.3 * dice,
    duplication: 0.3 * dice,
    maxDelayMs: 1 + 3_000 * dice,
  };
  Object.assign(world.weather, whom % 3 === 0 ? CALM : bad);
}

/** What the hostile relay does from now on. */
function mood(play: Play, { dice, whom }: PlannedStep): void {
  const misdeeds = MISDEEDS.filter((each) => each !== "drop" || play.isDropping);
  play.turnRelay(whom % 4 === 0 ? undefined : misdeeds[Math.floor(dice * misdeeds.length)]);
}

/** Whether a device takes itself for a member of that group. */
export const isActive = (device: SimDevice, group: string): boolean =>
  device.alive() &&
  device.profile().records.has(GROUP.prefix + group) &&
  !device.profile().records.has(OUT.prefix + group);
