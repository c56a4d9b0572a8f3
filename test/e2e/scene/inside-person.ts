/** Somebody in the test's own process: a real profile on the disk, real connections, and a say in where others look for them. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { primitives, systemRandom } from "../../../src/cli/compose-key.ts";
import { systemClock } from "../../../src/cli/compose-profile.ts";
import { setUpAccount } from "../../../src/client/account-setup.ts";
import type { ClientMethods, MessageView } from "../../../src/client/api.ts";
import { startClient } from "../../../src/client/client.ts";
import type { ClientEvent } from "../../../src/client/event-api.ts";
import type { Network } from "../../../src/client/ports/network.ts";
import { createNetwork } from "../../../src/net/client-network.ts";
import { createProfileDirectory } from "../../../src/store/profile-directory.ts";
import { openProfileStore } from "../../../src/store/profile-store.ts";

/** Multiaddrs. */
export interface Ways {
  readonly relays?: readonly string[];
  /** Without it nobody is met but relays; empty: whom we dial. */
  readonly listen?: readonly string[];
  /** Where others are told to look for this person, instead of where they listen; default nowhere. */
  readonly tells?: readonly string[];
}

export interface InsidePerson {
  readonly name: string;
  readonly call: <M extends keyof ClientMethods>(
    method: M,
    params: ClientMethods[M][0],
  ) => Promise<ClientMethods[M][1]>;
  /** Waits until this text has come. */
  readonly hears: (text: string) => Promise<void>;
  /** Texts in the order in which they came, their own too. */
  readonly heard: () => readonly string[];
  readonly history: (group: string) => Promise<readonly MessageView[]>;
  readonly end: () => Promise<void>;
}

/** A person who is online. */
export async function insidePerson(name: string, { relays = [], listen, tells = [] }: Ways): Promise<InsidePerson> {
  const place = await mkdtemp(join(tmpdir(), "hermes-inside-"));
  const directory = join(place, "profile");
  await createProfileDirectory(directory, new Uint8Array(1));
  const store = await openProfileStore({ directory, dataKey: systemRandom(32) });
  await setUpAccount({ primitives, clock: systemClock, random: systemRandom, store }, { name, relays });
  const common = { log: store.envelopes, verifier: primitives, addresses: [], discover: false };
  const network = createNetwork(listen ? { members: { ...common, listen } } : {});
  const client = await startClient({
    primitives,
    store,
    network: telling(network, tells),
    clock: systemClock,
    random: systemRandom,
  });
  const texts: string[] = [];
  const watchers = new Set<() => void>();
  const told = (event: ClientEvent): void => {
    if (event.event !== "message" || event.message.kind !== "text") return;
    texts.push(event.message.text);
    for (const watcher of [...watchers]) watcher();
  };
  const over = new AbortController();
  const following = client.call(
    { id: randomUUID(), method: "follow", params: {} },
    { emit: told, signal: over.signal },
  );
  const call: InsidePerson["call"] = (method, params) => client.call({ id: randomUUID(), method, params });
  return {
    name,
    call,
    hears: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!texts.includes(text)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    heard: () => texts,
    history: async (group) =>
      (await call("history", { group, limit: 10_000 })).messages.filter(({ kind }) => kind === "text"),
    end: async () => {
      over.abort();
      await following.catch(() => undefined);
      await client.close();
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** Nobody learns a way round the wires of the test. */
function telling(network: Network, listening: readonly string[]): Network {
  const reach: Network["reach"] = () => ({ ...network.reach(), listening, circuits: [], throughRelays: [] });
  return new Proxy(network, { get: (target, key) => (key === "reach" ? reach : Reflect.get(target, key, target)) });
}
