/**
 * Everything that can happen in a mixed simulation, how often, and how it is done. An act that is not possible now
 * does nothing: a plan stays a plan when parts of it are left out. To add one: a row of the table.
 */
import type { ClientMethods } from "../../src/client/api.ts";
import { parseInviteLink } from "../../src/protocol/link.ts";
import { GROUP, OUT } from "../../src/protocol/records/group.ts";
import { ASKED } from "../../src/protocol/records/joining.ts";
import { toHex } from "../../src/wire/text-forms.ts";
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
  rekey: { weight: 0.6, perform: (play, step) => change(play, step, "group-rekey", {}) },
  remove: { weight: 2.2, perform: (play, step) => change(play, step, "group-remove", { member: whom(play, step) }) },
  leave: { weight: 0.25, perform: leave },
  role: { weight: 1.4, perform: role },
  rename: { weight: 0.8, perform: (play, step) => change(play, step, "group-rename", { name: `club ${step.dice}` }) },
  settings: { weight: 0.2, perform: settings },
  password: { weight: 0.3, perform: password },
  guess: { weight: 0.3, perform: guess },
  recover: { weight: 0.5, perform: (play, { who }) => play.recover(who) },
  unlink: { weight: 0.4, perform: (play, { who, dice }) => play.unlink(who, dice) },
  "revoke invite": { weight: 0.2, perform: revokeInvite },
  tumult: { weight: 1.2, perform: tumult },
  "two removals": { weight: 0.7, perform: twoRemovals },
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
  const admin = actor(play, step);
  const account = play.contactOf(play.device(step.whom));
  const role = step.dice < 0.3 ? ("admin" as const) : ("member" as const);
  play.call(admin, "group-add", { group: play.group(step), account, role, waitMs: 3_000 });
}

function invite(play: Play, step: PlannedStep): void {
  const group = play.group(step);
  const role = step.dice < 0.1 ? ("admin" as const) : ("member" as const);
  play.call(actor(play, step), "group-invite", { group, uses: 1 + (step.whom % 5), role }, ({ link }) =>
    play.links.push(link),
  );
}

function join(play: Play, step: PlannedStep): void {
  const link = play.links[Math.floor(step.dice * play.links.length)] ?? play.links.at(-1);
  if (link) play.call(play.device(step.whom), "group-join", { link, password: ROOM_PASSWORD, waitMs: 2_000 });
}

/** Of every room that has one. */
const ROOM_PASSWORD = "the tide is out";

function password(play: Play, step: PlannedStep): void {
  change(play, step, "group-settings", { password: step.dice < 0.7 ? ROOM_PASSWORD : null });
}

/** Somebody follows a link without knowing the room's password. */
async function guess(play: Play, step: PlannedStep): Promise<void> {
  const link = play.links[Math.floor(step.dice * play.links.length)] ?? play.links.at(-1);
  const terms = link === undefined ? undefined : parseInviteLink(play.world.primitives, link);
  if (link === undefined || !terms?.password) return;
  const device = play.device(step.whom);
  const nonce = () => toHex(device.record(ASKED, toHex(terms.group))?.nonce ?? new Uint8Array());
  const before = nonce();
  play.call(device, "group-join", { link, password: `a guess, ${step.dice}`, waitMs: 0 });
  await play.world.clock.pass(1);
  if (nonce() !== before) play.wrongGuesses.add(nonce());
}

/** Several change the group at the same instant, so that none can know of the others. */
function tumult(play: Play, step: PlannedStep): void {
  const group = play.group(step);
  const [one, other, third] = [play.device(step.who), play.device(step.whom), play.device(step.who + 1)];
  const founder = play.device(0);
  const second = play.device(1);
  if (step.dice < 0.6) play.call(one, "group-rekey", { group, waitMs: 0 });
  if (step.dice > 0.2 && other !== one) play.call(other, "group-rekey", { group, waitMs: 0 });
  if (step.dice > 0.4) play.call(founder, "group-add", { group, account: play.contactOf(third), waitMs: 3_000 });
  if (step.dice < 0.3) play.call(founder, "group-remove", { group, member: third.account(), waitMs: 0 });
  if (step.dice < 0.2) play.call(second, "group-remove", { group, member: other.account(), waitMs: 0 });
  if (step.dice > 0.8) play.call(second, "group-rename", { group, name: `club ${step.dice}`, waitMs: 0 });
  if (step.dice > 0.9) play.call(founder, "group-rename", { group, name: `club of ${step.dice}`, waitMs: 0 });
}

/** The first two each remove somebody else at the same instant, and go on talking. */
async function twoRemovals(play: Play, step: PlannedStep): Promise<void> {
  const group = play.group(step);
  const others = play.world.devices.slice(2);
  const [one, other] = [others[step.who % others.length], others[(step.who + 1) % others.length]];
  if (!one || !other || one === other) return;
  play.call(play.device(0), "group-remove", { group, member: one.account(), waitMs: 0 });
  play.call(play.device(1), "group-remove", { group, member: other.account(), waitMs: 0 });
  await play.world.clock.pass(4_000);
  for (const who of [0, 1]) play.send(play.device(who), step);
}

type ChangeMethod =
  | "group-rekey"
  | "group-remove"
  | "group-leave"
  | "group-role"
  | "group-rename"
  | "group-settings"
  | "group-revoke";

/** Mostly one of the first two, who have rights; sometimes whoever was drawn. */
const actor = (play: Play, { who, dice }: PlannedStep): SimDevice =>
  play.device(Math.floor(dice * 1_000) % 10 < 7 ? who % 2 : who);

/** A change of a group. */
function change<M extends ChangeMethod>(
  play: Play,
  step: PlannedStep,
  method: M,
  params: Omit<ClientMethods[M][0], "group">,
): void {
  play.call(actor(play, step), method, { group: play.group(step), waitMs: 0, ...params } as ClientMethods[M][0]);
}

/** Account of the step's second device. */
const whom = (play: Play, step: PlannedStep): string => play.device(step.whom).account();

function leave(play: Play, step: PlannedStep): void {
  const handOver = whom(play, step);
  change(play, step, "group-leave", step.dice < 0.5 ? { handOver } : {});
}

/** Mostly admins, now and then a new owner. */
function role(play: Play, step: PlannedStep): void {
  const given = step.dice < 0.15 ? "owner" : step.dice < 0.7 ? "admin" : "member";
  change(play, step, "group-role", { member: whom(play, step), role: given });
}

function settings(play: Play, step: PlannedStep): void {
  const inviters = (["member", "admin", "owner"] as const)[Math.floor(step.dice * 3)] ?? "admin";
  change(play, step, "group-settings", step.whom % 2 ? { inviters } : { rekeyDays: 1 + (step.whom % 7) });
}

/** One of the invites that there were. */
function revokeInvite(play: Play, step: PlannedStep): void {
  const invites = [...play.ledger.logOf(play.group(step)).encoded].filter(
    ([, bytes]) => coreOf(bytes)?.action.kind === "invite",
  );
  const [invite] = invites[Math.floor(step.dice * invites.length)] ?? [];
  if (invite !== undefined) change(play, step, "group-revoke", { invite });
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
