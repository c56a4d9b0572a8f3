/**
 * Some of the people to whom a relay returns, in a process of their own. Arguments: how many messages each is missing, then
 * for each person the directory of its profile and its data key (hex). Says `started`, and `full` when all of them have
 * committed all of it; runs until it is ended.
 */
import type { Client } from "../src/client/api.ts";
import { startClient } from "../src/client/client.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import { openProfileStore } from "../src/store/profile-store.ts";
import { fromHex } from "../src/wire/text-forms.ts";
import { counting } from "./counted-store.ts";
import { random, systemClock } from "./device.ts";

const [missing = "", ...profiles] = process.argv.slice(2);
const full: Promise<void>[] = [];
const clients: Client[] = [];
for (let i = 0; i < profiles.length; i += 2) {
  const [directory = "", keyHex = ""] = profiles.slice(i);
  const store = await openProfileStore({ directory, dataKey: fromHex(keyHex) ?? new Uint8Array() });
  const counted = counting(store, Number(missing));
  full.push(counted.full);
  const log = store.envelopes;
  const members = { log, verifier: nativePrimitives, listen: [], addresses: [], discover: false };
  const parts = { primitives: nativePrimitives, clock: systemClock, random };
  clients.push(await startClient({ ...parts, store: counted.store, network: createNetwork({ members }) }));
}
const end = (): void => void Promise.all(clients.map((each) => each.close())).finally(() => process.exit(0));
process.once("SIGTERM", end);
process.stdout.write("started\n");
await Promise.all(full);
process.stdout.write("full\n");
