/**
 * Many idle clients in one process. Arguments: the relay's address, how many. Says `up N` when all have caught up, and
 * `back MS` each time that all have again, MS being the wall clock (ms) of the last one.
 */

import { createNetwork } from "../src/net/client-network.ts";
import { benchTopic } from "./hermes-star.ts";
import { several } from "./star.ts";

const [address = "", count = "0"] = process.argv.slice(2);
const clients = Number(count);
const up = new Set<number>();
let isComplete = false;

function caughtUp(client: number): void {
  up.add(client);
  if (up.size < clients) return;
  process.stdout.write(isComplete ? `back ${Date.now()}\n` : `up ${clients}\n`);
  isComplete = true;
}

await several(clients, async (client) => {
  const network = createNetwork();
  network.useRelays([address], "us");
  network.subscribe(benchTopic().subscription);
  const first = new Promise<void>((resolve) => {
    const events = {
      delivered: async () => undefined,
      caughtUp: () => {
        caughtUp(client);
        resolve();
      },
      relayChanged: ({ state }: { readonly state: string }) => {
        if (state !== "connected") up.delete(client);
      },
    };
    network.start(events);
  });
  await first;
});
