/** Somebody of a crowd: the whole client with network and encrypted profile on disk, in this process and without a command line. */
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { systemClock } from "../../../src/cli/compose-profile.ts";
import { setUpAccount } from "../../../src/client/account-setup.ts";
import type { Client, ClientMethod, ClientMethods } from "../../../src/client/api.ts";
import { startClient } from "../../../src/client/client.ts";
import type { ClientEvent } from "../../../src/client/event-api.ts";
import { nativePrimitives } from "../../../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../../../src/net/client-network.ts";
import { createProfileDirectory } from "../../../src/store/profile-directory.ts";
import { openProfileStore } from "../../../src/store/profile-store.ts";

export interface CrowdMember {
  readonly name: string;
  /** Opens the profile and connects, unless that is so; resolves when nothing is left to fetch or send. */
  readonly comeBack: () => Promise<void>;
  readonly goAway: () => Promise<void>;
  readonly call: <M extends ClientMethod>(method: M, params: ClientMethods[M][0]) => Promise<ClientMethods[M][1]>;
  /** Resolves when this text has come, or had come before. */
  readonly hears: (text: string) => Promise<void>;
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** A new account whose prekeys the relay at `address` has; its profile is a directory in `directory`. */
export async function crowdMember(name: string, directory: string, address: string): Promise<CrowdMember> {
  const location = { directory: join(directory, name), dataKey: random(32) };
  await createProfileDirectory(location.directory, random(64));
  const openStore = async () => ({
    primitives: nativePrimitives,
    store: await openProfileStore(location),
    clock: systemClock,
    random,
  });
  const first = await openStore();
  await setUpAccount(first, { name, relays: [address] });
  let client: Client | undefined = await startClient({ ...first, network: createNetwork() });
  const call: CrowdMember["call"] = (method, params) => {
    if (client === undefined) throw new Error(`${name} is away`);
    return client.call({ id: randomUUID(), method, params });
  };
  const hears = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const over = new AbortController();
      const emit = (event: ClientEvent): void => {
        if (event.event !== "message" || event.message.text !== text) return;
        over.abort();
        resolve();
      };
      client?.call({ id: randomUUID(), method: "listen", params: {} }, { emit, signal: over.signal }).catch(reject);
    });
  const comeBack = async (): Promise<void> => {
    client ??= await startClient({ ...(await openStore()), network: createNetwork() });
    await call("sync", {});
  };
  await comeBack();
  return {
    name,
    call,
    hears,
    comeBack,
    goAway: async () => {
      await client?.close();
      client = undefined;
    },
  };
}
