/** Devices of the real protocol, driven input by input, with a profile each; and mail carried between them by hand. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../src/client/ports/clock.ts";
import type { ProfileStore } from "../src/client/ports/profile.ts";
import { readExistingRecord, scanRecords } from "../src/client/profile-reader.ts";
import { createStepQueue, type StepQueue } from "../src/client/step-queue.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import type { Effect, Work } from "../src/protocol/effects.ts";
import type { Answer, Input } from "../src/protocol/machine.ts";
import { ACCOUNT, type AccountState } from "../src/protocol/records/account.ts";
import type { GroupState } from "../src/protocol/records/group.ts";
import { OUTBOX } from "../src/protocol/records/outbox.ts";
import { ENTROPY_BYTES, encodeDepth, entropyStream, type Need, newDraft, type Step } from "../src/protocol/step.ts";
import { createProfileDirectory } from "../src/store/profile-directory.ts";
import { type OpenProfileStore, openProfileStore } from "../src/store/profile-store.ts";
import { ROLE } from "../src/wire/entry.ts";
import { LogId, type Sequence, type Topic } from "../src/wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../src/wire/prekey-frames.ts";
import { temporaryDirectory } from "./child-process.ts";

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

export const systemClock: Clock = {
  nowMs: Date.now,
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Numbers of a holder that does not exist. */
const LOG = LogId.from(random(16));

/** One device. */
export interface Device {
  readonly store: ProfileStore;
  readonly put: StepQueue["put"];
  /** Does what inputs left to be done piece by piece; `noted` is told what each piece took, in µs of processor time. */
  readonly finish: (noted?: (us: number) => void) => Promise<void>;
  readonly account: AccountState;
  /** What its directory slot would hand out. */
  readonly taken: () => readonly TakenPrekeys[];
  /** No further inputs; the store stays open. */
  readonly close: () => Promise<void>;
}

/** A new account and device in an empty profile. */
export async function makeDevice(store: ProfileStore, name: string, relays: readonly string[] = []): Promise<Device> {
  let published: DirectoryRecord | undefined;
  let isBusy = false;
  const perform = (effects: readonly Effect[]): void => {
    for (const effect of effects) if (effect.kind === "publish-prekeys") published = effect.record;
    isBusy ||= effects.some(({ kind }) => kind === "continue");
  };
  const queue = createStepQueue({ primitives: nativePrimitives, store, clock: systemClock, random, perform });
  await queue.put({ kind: "create-account", name, relays, accountSeed: random(32) });
  await queue.put({ kind: "prekeys-left", left: 0 });
  const account = await readExistingRecord(store, ACCOUNT);
  const taken = (): readonly TakenPrekeys[] => {
    if (published === undefined) throw new Error("nothing was published");
    return [{ slot: published.slot, bundle: published.bundle, oneTime: undefined }];
  };
  const finish = async (noted: (us: number) => void = () => undefined): Promise<void> => {
    while (isBusy) {
      isBusy = false;
      noted(await processorTime(() => queue.put({ kind: "continue" })));
    }
  };
  return { store, put: queue.put, finish, account, taken, close: queue.close };
}

/** µs of processor time that something took. */
export async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** An encrypted profile on disk, as the program makes it. */
export async function profileOnDisk(): Promise<{
  readonly store: OpenProfileStore;
  /** Its directory, and its data key. */
  readonly path: string;
  readonly dataKey: Uint8Array;
  readonly remove: () => Promise<void>;
}> {
  const { path, remove } = await temporaryDirectory();
  const dataKey = random(32);
  await createProfileDirectory(path, random(100));
  return { store: await openProfileStore({ directory: path, dataKey }), path, dataKey, remove };
}

/** One step outside the queue, for what no single input does; committed. */
export async function runStep<T>({ store }: Device, step: (work: Work) => Step<T>): Promise<T> {
  const entropy = entropyStream(nativePrimitives, random(ENTROPY_BYTES));
  const work: Work = newDraft({ p: nativePrimitives, nowMs: Date.now(), random: entropy });
  const running = step(work);
  let next = running.next();
  while (!next.done) {
    const need = next.value;
    next = running.next(await supply(store, need));
  }
  const { written: records, lines, removedLines, lineStates } = work;
  await store.commit({ records, lines, removedLines, lineStates });
  return next.value;
}

async function supply(store: ProfileStore, need: Need): Promise<ReadonlyMap<string, Uint8Array>> {
  if (need.kind === "keys") return await store.load(need.keys);
  if (need.kind === "scan") return new Map(await store.scan(need.prefix, { limit: need.limit }));
  const depth = await store.lineDepth(need.group, need.id);
  return new Map(depth === undefined ? [] : [[need.id, encodeDepth(depth)]]);
}

/** A waiting envelope. */
export interface Posted {
  readonly topic: Topic;
  readonly envelope: Uint8Array;
}

/** Takes everything out of the outbox, as if a relay had stored it. */
export async function takeOutbox({ store, put, finish }: Device): Promise<readonly Posted[]> {
  await finish();
  const rows = await scanRecords(store, OUTBOX, { limit: 1_000_000 });
  const result = { kind: "stored", sequence: 1 as Sequence, duplicate: false } as const;
  await inputs(
    put,
    rows.map(([outbox]) => ({ kind: "settled", outbox, result })),
  );
  return rows.map(([, { topic, envelope }]) => ({ topic, envelope }));
}

let sequence = 0;

/** The input that a delivery is. */
export function delivery({ topic, envelope }: Posted): Input {
  return { kind: "delivered", log: LOG, topic, sequence: ++sequence as Sequence, envelope };
}

/** Puts many inputs as fast as the queue takes them; they share commits. */
export function inputs(put: StepQueue["put"], many: readonly Input[]): Promise<readonly Answer[]> {
  return Promise.all(many.map(put));
}

/** Delivers what `from` has posted to `to`; twice, since the log follows the welcome. */
export async function carry(from: Device, to: Device): Promise<void> {
  const posted = await takeOutbox(from);
  await inputs(to.put, posted.map(delivery));
  await inputs(to.put, posted.map(delivery));
}

/** A group of `owner` with `others` in it, each with its own welcome. */
export async function makeGroup(owner: Device, name: string, others: readonly Device[]): Promise<GroupState> {
  let group = groupOf(await owner.put({ kind: "create-group", name }));
  for (const { account, taken } of others) {
    const added = { kind: "add", account: account.account, taken: taken(), role: ROLE.member } as const;
    group = groupOf(await owner.put({ ...added, group: group.group }));
  }
  return group;
}

function groupOf(answer: Answer): GroupState {
  if (answer.kind !== "group") throw new Error(answer.kind);
  return answer.group;
}
