/** Devices, relays and a network in one process, all from one seed. */
import type { ClientMethod, ClientMethods } from "../../src/client/api.ts";
import type { Clock } from "../../src/client/ports/clock.ts";
import type { ProfileChanges } from "../../src/client/ports/profile.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { choosePrimitives } from "../../src/crypto-native/choose-primitives.ts";
import type { Input } from "../../src/protocol/machine.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";
import { type PreparedDisk, type SimDevice, type SimFiles, simDevice } from "./sim-device.ts";
import type { Weather } from "./sim-network.ts";
import { type SimRelay, simRelay } from "./sim-relay.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

export interface World {
  readonly seed: number;
  readonly primitives: Primitives;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly weather: Weather;
  readonly relays: readonly SimRelay[];
  readonly devices: readonly SimDevice[];
  readonly addDevice: (name: string) => Promise<SimDevice>;
  /** Lets time pass until the promise settles; at most ten minutes of it. */
  readonly during: <T>(promise: Promise<T>) => Promise<T>;
  /** Lets time pass until the promise settles or the device dies; false when it died. */
  readonly survives: (device: SimDevice, promise: Promise<unknown>) => Promise<boolean>;
  readonly call: <M extends ClientMethod>(
    device: SimDevice,
    method: M,
    params: ClientMethods[M][0],
  ) => Promise<ClientMethods[M][1]>;
  /** Lets the device take an input that no call makes: between two lives of its client. */
  readonly put: (device: SimDevice, input: Input) => Promise<void>;
  /** From now on only these pairs can talk; called with nothing: everybody again. */
  readonly partition: (reaches?: (device: string, relay: number) => boolean) => void;
  /** Good weather, everybody up and connected, and time for everything to settle. */
  readonly settle: (ms?: number) => Promise<void>;
}

/** How a world differs from the plain one. */
export interface WorldOptions {
  readonly primitives?: Primitives;
  /** Instead of those that this device would get by itself. */
  readonly primitivesOf?: (device: string) => Primitives;
  /** The relay as this device sees it: what it hears of it and what it tells it. */
  readonly seenBy?: (device: string, relay: SimRelay) => SimRelay;
  readonly prepared?: (device: string, relays: readonly SimRelay[]) => Promise<PreparedDisk>;
  readonly committed?: (device: string, changes: ProfileChanges) => void;
  /** Chunks and disk of this device, made anew at each of its starts; without it nobody moves files. */
  readonly files?: (device: string, clock: Clock) => SimFiles;
}

const LONGEST_MS = 600_000;
/** Merges are followed by a re-key within 35 s; twice that, and the retries on the way. */
const SETTLE_MS = 120_000;
/** Weather in which nothing goes wrong. */
export const CALM: Weather = { loss: 0, duplication: 0, maxDelayMs: 40 };

export async function createWorld(seed: number, relayCount = 1, options: WorldOptions = {}): Promise<World> {
  const primitives = options.primitives ?? (await choosePrimitives());
  const random = seededRandom(seed);
  const clock = virtualClock();
  const weather: Weather = { ...CALM };
  const relays = Array.from({ length: relayCount }, (_, i) => simRelay(i + 1, primitives));
  const { primitivesOf = () => primitives, seenBy = (_, relay) => relay, prepared, committed, files } = options;
  const devices: SimDevice[] = [];
  let reaches: (device: string, relay: number) => boolean = () => true;

  const during = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    promise.then(end, end);
    const untilMs = clock.nowMs() + LONGEST_MS;
    await clock.pass(0);
    while (!settled && (await clock.next(untilMs)));
    if (!settled) throw new Error(`seed ${seed}: a call never came to an end`);
    return promise;
  };
  return {
    seed,
    primitives,
    clock,
    random,
    weather,
    relays,
    devices,
    addDevice: async (name) => {
      const surroundings = {
        clock,
        random,
        weather,
        relays: new Map(relays.map((relay) => [relay.address, seenBy(name, relay)])),
        reaches: (address: string) =>
          reaches(
            name,
            relays.findIndex((each) => each.address === address),
          ),
      };
      const addresses = relays.map(({ address }) => address);
      const device = await during(
        simDevice({
          name,
          relays: addresses,
          primitives: primitivesOf(name),
          random: random.bytes,
          surroundings,
          prepared: await prepared?.(name, relays),
          committed: committed && ((changes) => committed(name, changes)),
          files: files && ((own) => files(name, own)),
        }),
      );
      devices.push(device);
      return device;
    },
    during,
    survives: async (device, promise) => {
      let settled = false;
      const end = (): void => {
        settled = true;
      };
      promise.then(end, end);
      const untilMs = clock.nowMs() + LONGEST_MS;
      await clock.pass(0);
      while (!settled && device.alive() && (await clock.next(untilMs)));
      if (settled) await promise;
      return settled;
    },
    call: (device, method, params) => during(device.call(method, params)),
    put: async (device, input) => {
      device.crash();
      await during(device.take(input));
      await during(device.start());
    },
    partition: (rule = () => true) => {
      reaches = rule;
      for (const device of devices) device.look();
    },
    settle: async (ms = SETTLE_MS) => {
      Object.assign(weather, CALM);
      reaches = () => true;
      for (const device of devices) {
        device.look();
        await during(device.start());
      }
      await clock.pass(ms);
    },
  };
}

/** Seeds of a property; SIM_SEED replays one. */
export const seeds = (count: number): readonly number[] =>
  process.env["SIM_SEED"] ? [Number(process.env["SIM_SEED"])] : Array.from({ length: count }, (_, i) => i + 1);

/** Devices with these names, connected. */
export async function people(world: World, ...names: readonly string[]): Promise<readonly SimDevice[]> {
  const devices: SimDevice[] = [];
  for (const name of names) devices.push(await world.addDevice(name));
  await world.clock.pass(2_000);
  return devices;
}
