/** A device without a shell: a map of records that `step` is run over, and everything it wanted done. */
import assert from "node:assert/strict";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";
import type { Effect, ProtocolEvent, Work } from "../../src/protocol/effects.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import { type Answer, type Input, step } from "../../src/protocol/machine.ts";
import { ACCOUNT, type AccountState } from "../../src/protocol/records/account.ts";
import { GROUP, type GroupState } from "../../src/protocol/records/group.ts";
import type { RosterDevice } from "../../src/protocol/records/roster.ts";
import {
  encodeDepth,
  entropyStream,
  type Line,
  type LineState,
  type Need,
  newDraft,
  type RecordType,
  type Step,
} from "../../src/protocol/step.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { encodeUtf8 } from "../../src/wire/utf8.ts";
import { existingLogIn, existingRosterIn } from "./saved-records.ts";

export const p = nativePrimitives;

/** Time that a test moves. */
export interface TestClock {
  nowMs: number;
}

/** What one step answered and wanted, after its commit. */
export interface Outcome<T = Answer> {
  readonly answer: T;
  readonly effects: readonly Effect[];
  readonly events: readonly ProtocolEvent[];
  /** Codes of the warnings among the events. */
  readonly warnings: readonly string[];
  readonly lines: readonly Line[];
  readonly removedLines: Work["removedLines"];
  readonly written: ReadonlyMap<string, Uint8Array | null>;
}

type SavedLine = Omit<Line, "state"> & { readonly state: LineState };

export interface Device {
  readonly name: string;
  readonly clock: TestClock;
  readonly records: Map<string, Uint8Array>;
  /** Withdrawn ones among them. */
  readonly lines: Map<string, SavedLine>;
  /** Runs one input and commits it. A fault leaves nothing. */
  readonly put: (input: Input) => Outcome;
  /** Runs any step and commits it. */
  readonly run: <T>(steps: (work: Work) => Step<T>) => Outcome<T>;
  readonly record: <T>(type: RecordType<T>, id?: string) => T | undefined;
  readonly existing: <T>(type: RecordType<T>, id?: string) => T;
  readonly save: <T>(type: RecordType<T>, id: string, value: T | null) => void;
  /** Ids of the records of a type. */
  readonly ids: (type: { readonly prefix: string }) => readonly string[];
  readonly account: () => AccountState;
  readonly group: (id: Uint8Array) => GroupState;
  readonly log: (id: Uint8Array) => LogState;
  /** Of an epoch. */
  readonly roster: (epoch: Uint8Array) => readonly RosterDevice[];
  readonly texts: () => readonly string[];
  /** All effects so far. */
  readonly effects: Effect[];
}

/** A device with an account. The same name and clock give the same keys. */
export function newDevice(name: string, clock: TestClock, relays: readonly string[] = ["/dns4/relay/tcp/1"]): Device {
  const device = bareDevice(name, clock);
  device.put({ kind: "create-account", name, relays, accountSeed: p.sha256(encodeUtf8(`account of ${name}`)) });
  return device;
}

/** A device whose profile holds copies of these records. */
export function deviceFrom(name: string, clock: TestClock, records: ReadonlyMap<string, Uint8Array>): Device {
  const device = bareDevice(name, clock);
  for (const [key, value] of records) device.records.set(key, value);
  return device;
}

function bareDevice(name: string, clock: TestClock): Device {
  const records = new Map<string, Uint8Array>();
  const lines = new Map<string, SavedLine>();
  const all: Effect[] = [];
  let inputs = 0;
  const run = <T>(steps: (work: Work) => Step<T>): Outcome<T> => {
    const entropy = p.hmac(encodeUtf8(name), u32be(inputs++));
    const work: Work = newDraft({ p, nowMs: clock.nowMs, random: entropyStream(p, entropy) });
    const answer = drive({ records, lines }, steps(work));
    commit(records, lines, work);
    all.push(...work.effects);
    const events = work.effects.flatMap((each) => (each.kind === "event" ? [each.event] : []));
    const warnings = events.flatMap((each) => (each.kind === "warning" ? [each.code] : []));
    return { ...work, answer, events, warnings };
  };
  const record = <T>(type: RecordType<T>, id = ""): T | undefined => {
    const bytes = records.get(type.prefix + id);
    return bytes && decode(type.codec, bytes);
  };
  const existing = <T>(type: RecordType<T>, id = ""): T => {
    const value = record(type, id);
    assert(value !== undefined, `${name} lacks ${type.prefix}${id}`);
    return value;
  };
  return {
    name,
    clock,
    records,
    lines,
    run,
    put: (input) => run((work) => step(work, input)),
    record,
    existing,
    save: (type, id, value) => {
      if (value === null) records.delete(type.prefix + id);
      else records.set(type.prefix + id, encode(type.codec, value));
    },
    ids: ({ prefix }) =>
      [...records.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
    account: () => existing(ACCOUNT),
    group: (id) => existing(GROUP, toHex(id)),
    log: (id) => existingLogIn(records, toHex(id)),
    roster: (epoch) => existingRosterIn(records, toHex(epoch)),
    texts: () =>
      [...lines.values()]
        .filter(({ kind, state }) => kind === "text" && state !== "withdrawn")
        .sort((a, b) => a.depth - b.depth || a.sentAtMs - b.sentAtMs || (a.id < b.id ? -1 : 1))
        .map(({ text }) => text),
    effects: all,
  };
}

interface Saved {
  readonly records: ReadonlyMap<string, Uint8Array>;
  readonly lines: ReadonlyMap<string, SavedLine>;
}

/** Answers a step's needs; what it was given must be unchanged at the end. */
function drive<T>({ records, lines }: Saved, running: Step<T>): T {
  const given: (readonly [string, Uint8Array])[] = [];
  const supply = (need: Need): ReadonlyMap<string, Uint8Array> => {
    if (need.kind === "line-depth") {
      const line = lines.get(need.id);
      return new Map(line?.group === need.group ? [[need.id, encodeDepth(line.depth)]] : []);
    }
    const copies = found(records, need).map(([key, bytes]) => [key, bytes.slice()] as const);
    given.push(...copies);
    return new Map(copies);
  };
  let next = running.next();
  while (!next.done) next = running.next(supply(next.value));
  for (const [key, bytes] of given) assert(isSame(bytes, records.get(key)), `the loaded record ${key} was changed`);
  return next.value;
}

function found(
  records: ReadonlyMap<string, Uint8Array>,
  need: Exclude<Need, { kind: "line-depth" }>,
): readonly (readonly [string, Uint8Array])[] {
  if (need.kind === "keys")
    return need.keys.flatMap((key) => {
      const bytes = records.get(key);
      return bytes ? [[key, bytes] as const] : [];
    });
  const all = [...records].filter(([key]) => key.startsWith(need.prefix));
  return all.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, need.limit);
}

const isSame = (one: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && Buffer.compare(one, other) === 0;

function commit(records: Map<string, Uint8Array>, lines: Map<string, SavedLine>, work: Work): void {
  for (const [key, value] of work.written) {
    if (value) records.set(key, value);
    else records.delete(key);
  }
  for (const { id } of work.removedLines) lines.delete(id);
  for (const line of work.lines) if (!lines.has(line.id)) lines.set(line.id, line);
  for (const { id, state, delivery } of work.lineStates) {
    const line = lines.get(id);
    if (line) lines.set(id, { ...line, state, delivery: delivery ?? line.delivery });
  }
}
