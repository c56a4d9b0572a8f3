/**
 * What a hostile member has to work with: its device's keys and state, of now or of some earlier time, and ways to sign,
 * seal and post whatever it likes.
 */
import { sealEntry } from "../../src/crypto/entry-box.ts";
import { type CoreHash, coreHash, entryHash, LogKey } from "../../src/crypto/epoch-secrets.ts";
import type { Work } from "../../src/protocol/effects.ts";
import { citableHeads, entrySigningBytes } from "../../src/protocol/membership-log.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { EPOCH, type EpochState } from "../../src/protocol/records/epoch.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { newDraft, type Step } from "../../src/protocol/step.ts";
import { signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { decode } from "../../src/wire/encoding.ts";
import { type Action, encodeEntry, encodeEntryCore } from "../../src/wire/entry.ts";
import { ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { type DeviceKey, Nonce, Signature, type TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { logIn } from "../protocol/saved-records.ts";
import type { MemoryProfile } from "./memory-profile.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimDevice } from "./sim-device.ts";
import type { World } from "./world.ts";

/** What a villain works with. */
export interface Villain {
  readonly world: World;
  readonly device: SimDevice;
  readonly group: string;
  readonly random: SeededRandom;
  /** Devices (hex) of members as far as it has heard. */
  readonly members: () => ReadonlySet<string>;
}

/** What it knows of the group: now, or at some earlier time. */
export interface Insight {
  readonly account: NonNullable<ReturnType<typeof accountOf>>;
  readonly log: ReturnType<SimDevice["log"]>;
  readonly state: ReturnType<SimDevice["group"]>;
  readonly epoch: EpochState;
}

const accountOf = ({ records }: MemoryProfile) => decodeRecord(records, ACCOUNT, "");

function decodeRecord<T>(
  records: ReadonlyMap<string, Uint8Array>,
  type: { readonly prefix: string; readonly codec: Parameters<typeof decode<T>>[0] },
  id: string,
): T | undefined {
  const bytes = records.get(type.prefix + id);
  return bytes && decode(type.codec, bytes);
}

export function insightOf(profile: MemoryProfile, group: string): Insight | undefined {
  const account = accountOf(profile);
  const log = logIn(profile.records, group);
  const state = decodeRecord(profile.records, GROUP, group);
  const epoch = state?.sending && decodeRecord(profile.records, EPOCH, toHex(state.sending));
  return account && log && state && epoch ? { account, log, state, epoch } : undefined;
}

export interface EntryChoice {
  readonly action: Exclude<Action, { kind: "create" }>;
  /** Whom it names as its author. */
  readonly author?: DeviceKey;
  readonly unsigned?: boolean;
  /** Makes the confirmation; random bytes unless told otherwise. */
  readonly confirm?: (core: CoreHash) => Uint8Array;
}

/** An entry after all that it has seen, with a confirmation of a secret that nobody has. */
export function entry({ world, random }: Villain, { account, log, state }: Insight, choice: EntryChoice): Uint8Array {
  const p = world.primitives;
  const author = choice.author ?? account.device;
  const before = log.entries.findLast((each) => toHex(each.author) === toHex(author));
  const isOwn = author === account.device;
  const seq = isOwn ? state.entrySeq : before ? before.seq + 1 : 0;
  const prev = isOwn ? state.entryPrev : before?.hash;
  const core = encodeEntryCore({
    version: 1,
    group: log.group,
    author,
    seq,
    prev,
    parents: citableHeads(log, state.entryPrev),
    frontier: [],
    depth: 1,
    at: world.clock.nowMs() as TimeMs,
    action: choice.action,
  });
  const confirmation = choice.confirm?.(coreHash(p, core)) ?? random.bytes(32);
  const hash = entryHash(p, core, confirmation);
  const signature = choice.unsigned ? new Uint8Array(64) : p.sign(account.deviceSeed, entrySigningBytes(hash));
  return encodeEntry({ core, confirmation, signature: Signature.from(signature) });
}

/** Into the topic of the epoch, at one relay or (without a number) at all. */
export function post(villain: Villain, { epoch }: Insight, encoded: Uint8Array, relay?: number): void {
  const p = villain.world.primitives;
  const nonce = Nonce.from(villain.random.bytes(24));
  const body = sealEntry(p, { logKey: LogKey.from(epoch.logKey), epochId: epoch.epoch }, nonce, encoded);
  append(villain, signEnvelope(p, epoch, ENVELOPE_KIND.entry, body), relay);
}

export function append({ world }: Villain, envelope: Uint8Array, relay?: number): void {
  const chosen = relay === undefined ? world.relays : [world.relays[relay % world.relays.length]];
  for (const each of chosen) each?.append(envelope);
}

/** Steps of the real protocol on the disk of a device that is down, in an order of its own. */
export function runSteps({ world, device, random }: Villain, steps: (work: Work) => Step<void>): void {
  const { records } = device.profile();
  const work: Work = newDraft({ p: world.primitives, nowMs: world.clock.nowMs(), random: random.bytes });
  const running = steps(work);
  let next = running.next();
  while (!next.done) {
    const need = next.value;
    const isWanted = (key: string): boolean =>
      need.kind === "keys" ? need.keys.includes(key) : need.kind === "scan" && key.startsWith(need.prefix);
    next = running.next(
      new Map([...records].filter(([key]) => isWanted(key)).map(([key, value]) => [key, value.slice()])),
    );
  }
  for (const [key, value] of work.written) {
    if (value) records.set(key, value);
    else records.delete(key);
  }
}
