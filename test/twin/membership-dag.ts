/**
 * Random membership logs: plans played by devices that see each other's entries late, forget what they wrote, and now
 * and then do what they may not. Entries are signed, so that the real resolver takes them.
 */
import { type Action, ROLE } from "../../src/wire/entry.ts";
import { type EntryHash, GroupId } from "../../src/wire/ids.ts";
import { ENTRY_PARENTS_MAX } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { adding, type MadeEntry, makeEntry, type Somebody } from "../protocol/log-builder.ts";
import { entriesIn, type Ids, newest, pastOf, type TwinEntry, type TwinLog } from "./membership-entries.ts";
import { actionOf, at, crowd, DEVICES_EACH, type Doing, type Move, pick, withDevices } from "./membership-moves.ts";
import { emptyLog, type TwinView, viewOf, withEntry } from "./membership-twin.ts";

/** An entry as both implementations take it. */
export interface DagEntry extends MadeEntry {
  readonly twin: TwinEntry;
  /** What is printed of it. */
  readonly says: string;
}

/** A random log and what the twin thinks of it. */
export interface Dag {
  readonly group: GroupId;
  /** In an order in which parents come first; those that nothing allows are among them. */
  readonly entries: readonly DagEntry[];
  /** Those that are allowed. */
  readonly log: TwinLog;
}

/** Entries of one flood: more than count. */
const FLOOD = 67;
/** Members that a group has before the plan begins. */
const FIRST_MEMBERS = 5;

interface Stage {
  readonly group: GroupId;
  readonly people: number;
  readonly entries: DagEntry[];
  log: TwinLog;
  /** What each device has, by device. */
  readonly seen: Map<string, Ids>;
}

/** Plays a plan among 3 to 8 people: an owner, two admins, members. */
export function play(people: number, moves: readonly Move[]): Dag {
  const by = at(at(crowd, 0), 0);
  const action = {
    kind: "create" as const,
    name: "club",
    founder: withDevices(0, ROLE.owner, 1),
    nonce: new Uint8Array(32),
  };
  const made = makeEntry({ by, action });
  const stage: Stage = { people, entries: [], log: emptyLog, group: GroupId.from(made.hash), seen: new Map() };
  put(stage, { ...made, twin: twinOf(made, { by, action }, {}), says: "create" });
  for (let i = 1; i < Math.min(people, FIRST_MEMBERS); i++) {
    const role = i < 3 ? ROLE.admin : ROLE.member;
    write(stage, { by, action: adding(withDevices(i, role, i)), past: all(stage) });
  }
  for (const move of moves) act(stage, move);
  return stage;
}

function act(stage: Stage, move: Move): void {
  let past = viewpoint(stage, move);
  const view = viewOf(stage.log, past);
  const by = authorOf(stage, move, view);
  const action = by && actionOf({ group: stage.group, people: stage.people, by, view }, move);
  if (!action) return;
  for (let left = move.does === "flood" ? FLOOD : 1; left > 0; left--) {
    const written = write(stage, { by, action, past, careless: move.how % 16 === 15 });
    // every other flood is a chain, the rest are all concurrent
    if (written && move.how % 2 === 0) past = new Set([...past, written]);
  }
}

const all = (stage: Stage): Ids => new Set(stage.log.keys());

/** Mostly everything, or what some device had when it last wrote; else the past of some old entry. */
function viewpoint(stage: Stage, { who, sees }: Move): Ids {
  const which = Math.floor(sees / 8);
  if (sees % 8 < 3) return all(stage);
  if (sees % 8 < 6) return pick([...stage.seen.values()], who) ?? all(stage);
  const old = pick([...stage.log.keys()], which);
  return old ? new Set([old, ...pastOf(stage.log, [old])]) : all(stage);
}

const NEEDED: Readonly<Partial<Record<Doing, number>>> = {
  add: ROLE.admin,
  join: ROLE.admin,
  remove: ROLE.admin,
  role: ROLE.owner,
  handOver: ROLE.owner,
  invite: ROLE.admin,
  settings: ROLE.admin,
};

/** Somebody who may; one in eight acts without asking whether it may. */
function authorOf(stage: Stage, { does, who, how }: Move, view: TwinView): Somebody | undefined {
  const isBold = how % 8 === 7;
  const devices = crowd.slice(0, stage.people).flat();
  if (isBold && who % 5 === 0) return pick(devices, who);
  const needed = isBold ? ROLE.member : (NEEDED[does] ?? ROLE.member);
  const rank = ({ device }: Somebody) => view.members.find((each) => each.devices.includes(toHex(device)))?.rank ?? -1;
  return pick(
    devices.filter((each) => rank(each) >= needed),
    who,
  );
}

interface Writing {
  readonly by: Somebody;
  readonly action: Action;
}

interface Links {
  readonly seq?: number;
  readonly prev?: EntryHash | undefined;
  readonly parents?: readonly EntryHash[];
}

/** Signs an entry after all that its author has seen; a careless one cites what does not count, and miscounts. */
function write(
  stage: Stage,
  { by, action, past, careless = false }: Writing & { readonly past: Ids; readonly careless?: boolean },
): string | undefined {
  const device = toHex(by.device);
  const ends = careless ? newest(entriesIn(stage.log, past)).map(({ id }) => id) : viewOf(stage.log, past).heads;
  const heads = [...ends].sort().slice(0, ENTRY_PARENTS_MAX);
  const before = pastOf(stage.log, heads);
  const own = entriesIn(stage.log, before).filter(({ author }) => author === device);
  const last = [...own].sort((a, b) => b.seq - a.seq)[0];
  const seq = (last ? last.seq + 1 : 0) + (careless && own.length > 2 ? 1 : 0);
  const links = { seq, prev: last && hashOf(stage, last.id), parents: heads.map((id) => hashOf(stage, id)) };
  const made = makeEntry({ by, action, group: stage.group, ...links });
  const twin = twinOf(made, { by, action }, links);
  if (!put(stage, { ...made, twin, says: says(stage, { by, action }, heads) })) return undefined;
  stage.seen.set(device, new Set([...before, twin.id]));
  return twin.id;
}

/** Says whether it is allowed; it stays in any case, since the real one has to refuse it too. */
function put(stage: Stage, entry: DagEntry): boolean {
  if (stage.entries.some(({ twin }) => twin.id === entry.twin.id)) return false;
  stage.entries.push(entry);
  const log = withEntry(stage.log, entry.twin);
  stage.log = log ?? stage.log;
  return log !== undefined;
}

function hashOf(stage: Stage, id: string): EntryHash {
  return at(
    stage.entries.filter(({ twin }) => twin.id === id),
    0,
  ).hash;
}

function twinOf(made: MadeEntry, { by, action }: Writing, { seq = 0, prev, parents = [] }: Links): TwinEntry {
  return {
    id: toHex(made.hash),
    author: toHex(by.device),
    seq,
    prev: prev && toHex(prev),
    parents: parents.map(toHex),
    action,
    genuine: true,
  };
}

function says(stage: Stage, { by, action }: Writing, heads: readonly string[]): string {
  const numbers = heads.map((id) => stage.entries.findIndex(({ twin }) => twin.id === id));
  return `${deviceName(by.device)} after ${numbers.join("+")}: ${actionText(action)}`;
}

function actionText(action: Action): string {
  switch (action.kind) {
    case "add":
      return `add ${action.members.map(({ name, role, proof }) => `${name} as ${role}${proof ? " by invite" : ""}`).join()}`;
    case "link":
      return `link ${deviceName(action.device.device)}`;
    case "unlink":
      return `unlink ${deviceName(action.device)}`;
    case "remove":
      return `remove ${action.accounts.map(accountName).join()}`;
    case "role":
      return `role ${accountName(action.account)} ${action.role}`;
    case "settings":
      return `settings ${JSON.stringify(action)}`;
    default:
      return action.kind;
  }
}

const accountName = (account: Uint8Array): string =>
  crowd.find(([first]) => first && toHex(first.account) === toHex(account))?.[0]?.name ?? "?";

function deviceName(device: Uint8Array): string {
  const index = crowd.flat().findIndex((each) => toHex(each.device) === toHex(device));
  return `${crowd.flat()[index]?.name ?? "?"}/${index % DEVICES_EACH}`;
}
