/** One device of a simulation: a disk that survives crashes, and the real client on it. */
import { setUpAccount } from "../../src/client/account-setup.ts";
import type { Client, ClientMethod, ClientMethods } from "../../src/client/api.ts";
import { startClient } from "../../src/client/client.ts";
import type { ClientEvent } from "../../src/client/event-api.ts";
import type { FileSettings } from "../../src/client/file-transfers.ts";
import type { ChunkNetwork } from "../../src/client/ports/chunks.ts";
import type { Clock, RandomBytes } from "../../src/client/ports/clock.ts";
import type { PartStore } from "../../src/client/ports/parts.ts";
import type { ProfileChanges, ProfileStore } from "../../src/client/ports/profile.ts";
import { createStepQueue } from "../../src/client/step-queue.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import type { Input } from "../../src/protocol/machine.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { GROUP, type GroupState } from "../../src/protocol/records/group.ts";
import type { RosterDevice } from "../../src/protocol/records/roster.ts";
import type { RecordType } from "../../src/protocol/step.ts";
import { decode } from "../../src/wire/encoding.ts";
import type { AccountKey, DeviceKey } from "../../src/wire/ids.ts";
import { existingLogIn, rosterIn } from "../protocol/saved-records.ts";
import { copyOf, emptyProfile, linesOf, type MemoryProfile, memoryStore } from "./memory-profile.ts";
import { type SimNetwork, type Surroundings, simNetwork } from "./sim-network.ts";

/** When a device dies: before or after its commit number `commit` from now. */
export interface Doom {
  readonly commit: number;
  readonly when: "before" | "after";
}

export interface SimDevice {
  readonly name: string;
  /** Everything the client was told to show, over all its lives. */
  readonly shown: ClientEvent[];
  readonly profile: () => MemoryProfile;
  readonly alive: () => boolean;
  readonly start: () => Promise<void>;
  /** The process ends at once; what was committed stays. */
  readonly crash: () => void;
  /** Dies at that commit; called with nothing: no more. */
  readonly dieAt: (doom?: Doom) => void;
  /** A copy of the disk. */
  readonly snapshot: () => MemoryProfile;
  /** Puts a copy in the place of the disk; the device must be down. */
  readonly restore: (copy: MemoryProfile) => void;
  readonly call: <M extends ClientMethod>(
    method: M,
    params: ClientMethods[M][0],
    id?: string,
  ) => Promise<ClientMethods[M][1]>;
  /** One input, taken while the client is down; its effects are found again at the next start. */
  readonly take: (input: Input) => Promise<void>;
  readonly look: () => void;
  readonly record: <T>(type: RecordType<T>, id?: string) => T | undefined;
  readonly group: (id: string) => GroupState;
  readonly log: (id: string) => LogState;
  /** Devices of an epoch. */
  readonly roster: (epoch: string) => readonly RosterDevice[] | undefined;
  /** Texts of a group's conversation, in the order in which they are shown, with who wrote them. */
  readonly texts: (id: string) => readonly { readonly from: string; readonly text: string }[];
  readonly account: () => string;
  /** Public keys. */
  readonly keys: { readonly account: AccountKey; readonly device: DeviceKey };
}

export interface DeviceOptions {
  readonly name: string;
  readonly relays: readonly string[];
  readonly primitives: Primitives;
  readonly random: RandomBytes;
  readonly surroundings: Surroundings;
  /** A disk on which an account lives already, instead of a new one; it is copied. */
  readonly prepared?: PreparedDisk | undefined;
  /** Told after each commit, while nothing else may touch the disk. */
  readonly committed?: ((changes: ProfileChanges) => void) | undefined;
  readonly files?: ((clock: Clock) => SimFiles) | undefined;
}

/** What a device moves files with. */
export interface SimFiles {
  readonly chunks: ChunkNetwork;
  readonly parts: PartStore;
  readonly settings: FileSettings;
}

/** A disk with an account on it. */
export interface PreparedDisk {
  readonly disk: MemoryProfile;
  /** Account, in hex. */
  readonly account: string;
}

const never = (): Promise<never> => new Promise(() => undefined);

export async function simDevice(options: DeviceOptions): Promise<SimDevice> {
  const { name, relays, primitives, random, surroundings, prepared, committed = () => undefined } = options;
  const { clock } = surroundings;
  let disk = prepared ? copyOf(prepared.disk) : emptyProfile();
  const made =
    prepared ?? (await setUpAccount({ primitives, store: memoryStore(disk), clock, random }, { name, relays }));
  const openStore = (): ProfileStore => telling(memoryStore(disk), committed);
  const shown: ClientEvent[] = [];
  let calls = 0;
  let life: { readonly client: Promise<Client>; readonly network: SimNetwork; dead: boolean } | undefined;
  let doom: { left: number; readonly when: Doom["when"] } | undefined;

  const crash = (): void => {
    if (!life) return;
    life.dead = true;
    life.network.kill();
    life = undefined;
    doom = undefined;
  };
  const start = async (): Promise<void> => {
    if (life) return;
    const network = simNetwork(surroundings);
    const current = { network, dead: false, client: never() as Promise<Client> };
    const guarded = guard(
      openStore(),
      () => current.dead,
      () => {
        if (!doom || doom.left-- > 1) return "go on";
        return doom.when;
      },
      crash,
    );
    const own: Clock = {
      nowMs: clock.nowMs,
      after: (delayMs, wake) => clock.after(delayMs, () => (current.dead ? undefined : wake())),
    };
    const files = options.files?.(own);
    const whole = files ? { ...network, chunks: files.chunks } : network;
    current.client = startClient({ primitives, store: guarded, network: whole, clock: own, random, files });
    life = current;
    let started = false;
    void current.client.then(() => {
      started = true;
    });
    while (!started && !current.dead) await new Promise((resolve) => setImmediate(resolve));
    const client = started ? await current.client : undefined;
    if (!client) return;
    void client.call({ id: "listen", method: "listen", params: {} }, { emit: (event) => shown.push(event) });
  };
  await start();
  const record = <T>(type: RecordType<T>, id = ""): T | undefined => {
    const bytes = disk.records.get(type.prefix + id);
    return bytes && decode(type.codec, bytes);
  };
  const existing = <T>(type: RecordType<T>, id: string): T => {
    const value = record(type, id);
    if (value === undefined) throw new Error(`${name} has no ${type.prefix}${id}`);
    return value;
  };
  const own = existing(ACCOUNT, "");
  return {
    name,
    shown,
    profile: () => disk,
    alive: () => life !== undefined,
    start,
    crash,
    dieAt: (at) => {
      doom = at && { left: at.commit, when: at.when };
    },
    snapshot: () => copyOf(disk),
    restore: (copy) => {
      disk = copyOf(copy);
    },
    call: async (method, params, id) => {
      if (!life) throw new Error(`${name} is down`);
      const client = await life.client;
      return client.call({ id: id ?? `${name}-${calls++}`, method, params });
    },
    take: async (input) => {
      const queue = createStepQueue({ primitives, store: openStore(), clock, random, perform: () => undefined });
      await queue.put(input);
      await queue.close();
    },
    look: () => life?.network.look(),
    record,
    group: (id) => existing(GROUP, id),
    log: (id) => existingLogIn(disk.records, id),
    roster: (epoch) => rosterIn(disk.records, epoch),
    texts: (id) =>
      linesOf(disk, id)
        .filter(({ kind }) => kind === "text")
        .map((line) => ({ from: line.name, text: line.text })),
    account: () => made.account,
    keys: { account: own.account, device: own.device },
  };
}

/** A store that tells of each commit. */
function telling(store: ProfileStore, committed: (changes: ProfileChanges) => void): ProfileStore {
  return {
    ...store,
    commit: async (changes) => {
      await store.commit(changes);
      committed(changes);
    },
  };
}

/** A store whose process may die in the middle of a commit; the dead get no answers. */
function guard(
  store: ProfileStore,
  isDead: () => boolean,
  fate: () => "go on" | Doom["when"],
  crash: () => void,
): ProfileStore {
  return {
    load: (keys) => (isDead() ? never() : store.load(keys)),
    scan: (prefix, options) => (isDead() ? never() : store.scan(prefix, options)),
    commit: async (changes) => {
      if (isDead()) return never();
      const next = fate();
      if (next === "before") {
        crash();
        return never();
      }
      await store.commit(changes);
      if (next === "go on") return;
      crash();
      return never();
    },
    history: (query) => (isDead() ? never() : store.history(query)),
    line: (group, id) => (isDead() ? never() : store.line(group, id)),
    lineDepth: (group, id) => (isDead() ? never() : store.lineDepth(group, id)),
    unread: (group) => (isDead() ? never() : store.unread(group)),
    arrivals: (group, shown) => (isDead() ? never() : store.arrivals(group, shown)),
    markRead: (group, shown) => (isDead() ? never() : store.markRead(group, shown)),
    close: store.close,
  };
}
