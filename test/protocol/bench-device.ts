/**
 * Devices for tests of the step machine: a map of records, the machine, and a table on which their letters lie.
 * Nothing here is asynchronous, and nothing moves unless a test says so.
 */
import assert from "node:assert/strict";
import { choosePrimitives } from "../../src/crypto-native/choose-primitives.ts";
import type { Effect, Work } from "../../src/protocol/effects.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import { type Answer, type Input, step } from "../../src/protocol/machine.ts";
import { ACCOUNT, type AccountState, GROUP, type GroupState, LOG, OUTBOX, TOPIC } from "../../src/protocol/records.ts";
import { entropyStream, type Line, type RecordType } from "../../src/protocol/step.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { decode } from "../../src/wire/codec.ts";
import { type GroupId, LogId, type Sequence } from "../../src/wire/ids.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import { toHex } from "../../src/wire/text-forms.ts";

export const primitives = await choosePrimitives();
const { sha256 } = primitives;

/** What one step did. */
export interface Taken {
  readonly answer: Answer;
  readonly effects: readonly Effect[];
  readonly lines: readonly Line[];
  /** Records asked for, and how many bytes they had. */
  readonly loaded: number;
  readonly loadedBytes: number;
  readonly written: ReadonlyMap<string, Uint8Array | null>;
}

export interface BenchDevice {
  readonly name: string;
  readonly records: Map<string, Uint8Array>;
  readonly lines: Line[];
  readonly warnings: string[];
  readonly take: (input: Input) => Taken;
  readonly record: <T>(type: RecordType<T>, id?: string) => T | undefined;
  readonly account: AccountState;
  readonly group: (group: GroupId) => GroupState;
  readonly log: (group: GroupId) => LogState;
  readonly texts: () => readonly string[];
}

export interface Bench {
  nowMs: number;
  readonly device: (name: string) => BenchDevice;
  /** Envelopes of each topic (hex), in order. */
  readonly topics: Map<string, Uint8Array[]>;
  /** Takes what lies in the outbox to the table, without delivering it. */
  readonly post: (from: BenchDevice) => readonly Uint8Array[];
  /** Delivers one envelope. */
  readonly deliver: (to: BenchDevice, envelope: Uint8Array) => Taken;
  /** Posts and delivers until nobody has anything to say; each device gets each envelope once. */
  readonly exchange: (...devices: readonly BenchDevice[]) => void;
  /** The directory's answer for an account. */
  readonly prekeys: (of: BenchDevice) => Extract<Input, { kind: "prekeys-taken" }>["taken"];
}

const LOG_ID = LogId.from(new Uint8Array(16).fill(7));

export function bench(): Bench {
  const topics = new Map<string, Uint8Array[]>();
  const directory = new Map<string, DirectoryRecord>();
  const delivered = new Set<string>();
  let drawn = 0;
  const self: Bench = {
    nowMs: 1_800_000_000_000,
    topics,
    device: (name) => {
      const device = benchDevice(name, self, () => entropyOf(drawn++), directory);
      device.take({ kind: "create-account", name, relays: [], accountSeed: entropyOf(drawn++) });
      device.take({ kind: "prekeys-left", left: 0 });
      return device;
    },
    post: (from) => {
      const rows = [...from.records.keys()].filter((key) => key.startsWith(OUTBOX.prefix)).sort();
      return rows.flatMap((key) => {
        const row = from.record(OUTBOX, key.slice(OUTBOX.prefix.length));
        assert(row);
        const stored = { kind: "stored", sequence: 1 as Sequence, duplicate: false } as const;
        from.take({ kind: "settled", outbox: key.slice(OUTBOX.prefix.length), result: stored });
        const topic = toHex(row.topic);
        const known = topics.get(topic) ?? [];
        const id = toHex(envelopeId(sha256, row.envelope));
        if (known.some((each) => toHex(envelopeId(sha256, each)) === id)) return [];
        topics.set(topic, [...known, row.envelope]);
        return [row.envelope];
      });
    },
    deliver: (to, envelope) => {
      const topic = envelope.slice(1, 33) as GroupId & Parameters<typeof toHex>[0];
      return to.take({
        kind: "delivered",
        log: LOG_ID,
        topic: topic as never,
        sequence: 1 as Sequence,
        envelope,
      });
    },
    exchange: (...devices) => {
      for (let moved = true; moved; ) {
        moved = false;
        for (const device of devices) self.post(device);
        for (const device of devices)
          for (const [topic, envelopes] of topics) {
            if (!device.records.has(TOPIC.prefix + topic)) continue;
            for (const [i, envelope] of envelopes.entries()) {
              const mark = `${device.name}/${topic}/${i}`;
              if (delivered.has(mark)) continue;
              delivered.add(mark);
              moved = true;
              self.deliver(device, envelope);
            }
          }
      }
    },
    prekeys: (of) => {
      const record = directory.get(toHex(of.account.account));
      assert(record);
      const [oneTime, ...rest] = record.oneTime;
      directory.set(toHex(of.account.account), { ...record, oneTime: rest });
      return [{ slot: record.slot, bundle: record.bundle, oneTime }];
    },
  };
  return self;
}

function entropyOf(n: number): Uint8Array {
  return sha256(Uint8Array.of(n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, 3));
}

function benchDevice(
  name: string,
  table: Bench,
  entropy: () => Uint8Array,
  directory: Map<string, DirectoryRecord>,
): BenchDevice {
  const records = new Map<string, Uint8Array>();
  const lines: Line[] = [];
  const warnings: string[] = [];
  const record = <T>(type: RecordType<T>, id = ""): T | undefined => {
    const bytes = records.get(type.prefix + id);
    return bytes && decode(type.codec, bytes);
  };
  const existing = <T>(type: RecordType<T>, id = ""): T => {
    const value = record(type, id);
    assert(value, `${name} has no ${type.prefix}${id}`);
    return value;
  };
  const take = (input: Input): Taken => {
    const work: Work = {
      p: primitives,
      nowMs: table.nowMs,
      random: entropyStream(primitives, entropy()),
      loaded: new Map(),
      written: new Map(),
      lines: [],
      removedLines: [],
      lineStates: [],
      effects: [],
    };
    const counts = { loaded: 0, loadedBytes: 0 };
    const running = step(work, input);
    let next = running.next();
    const given: (readonly [Uint8Array, string])[] = [];
    while (!next.done) {
      const need = next.value;
      const keys =
        need.kind === "keys"
          ? need.keys
          : [...records.keys()]
              .filter((key) => key.startsWith(need.prefix))
              .sort()
              .slice(0, need.limit);
      const found = new Map<string, Uint8Array>();
      for (const key of keys) {
        const bytes = records.get(key);
        counts.loaded += need.kind === "keys" || bytes ? 1 : 0;
        if (!bytes) continue;
        counts.loadedBytes += bytes.length;
        given.push([bytes, toHex(bytes)]);
        found.set(key, bytes);
      }
      next = running.next(found);
    }
    for (const [bytes, before] of given)
      assert.equal(toHex(bytes), before, "a step changed a record that it was given");
    for (const [key, value] of work.written) value ? records.set(key, value) : records.delete(key);
    lines.push(...work.lines);
    for (const effect of work.effects) {
      if (effect.kind === "publish-prekeys") directory.set(toHex(existing(ACCOUNT).account), effect.record);
      if (effect.kind === "event" && effect.event.kind === "warning") warnings.push(effect.event.code);
    }
    return { answer: next.value, effects: work.effects, lines: work.lines, written: work.written, ...counts };
  };
  return {
    name,
    records,
    lines,
    warnings,
    take,
    record,
    get account() {
      return existing(ACCOUNT);
    },
    group: (group) => existing(GROUP, toHex(group)),
    log: (group) => existing(LOG, toHex(group)),
    texts: () => lines.filter(({ kind }) => kind === "text").map(({ text }) => text),
  };
}

/** A group of these devices: the first makes it and adds the others one by one, as admins if asked to. */
export function groupOf(table: Bench, [founder, ...others]: readonly BenchDevice[], role: 0 | 1 = 0): GroupId {
  assert(founder);
  const { answer } = founder.take({ kind: "create-group", name: "walking club" });
  assert(answer.kind === "group");
  const { group } = answer.group;
  for (const each of others)
    founder.take({ kind: "add", group, account: each.account.account, taken: table.prekeys(each), role });
  table.exchange(founder, ...others);
  return group;
}

/** Sends a text; the call's name is the text. */
export function say(device: BenchDevice, group: GroupId, text: string): Taken {
  return device.take({ kind: "send-text", group, text, call: toHex(new TextEncoder().encode(text)) });
}
