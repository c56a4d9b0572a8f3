/** Clients around a gossipsub node. The sender gets no delivery of its own. */
import { setTimeout as pause } from "node:timers/promises";
import { multiaddr } from "@multiformats/multiaddr";
import { startScript } from "./child-process.ts";
import { GOSSIP_TOPIC, gossipNode } from "./gossip-node.ts";
import { type Arrived, type Star, several } from "./star.ts";

/** Time in which gossipsub's heartbeat (1 s) puts the last comers into the mesh (ms). */
const MESH_MS = 2_500;

/** See {@link Star}. */
export async function gossipStar(subscribers: number, arrived: Arrived): Promise<Star> {
  const hub = await startScript("./gossip-hub.js", [String(subscribers)], /^address /);
  const address = multiaddr(hub.line.slice(8));
  const clients = await several(subscribers, async () => {
    const client = await gossipNode([], 1);
    client.pubsub.addEventListener("message", ({ detail }) => arrived(detail.data));
    await client.node.dial(address);
    return client;
  });
  await pause(MESH_MS);
  return {
    name: "gossipsub",
    relayPid: hub.pid,
    perMessage: subscribers - 1,
    prepare: (payload) => payload,
    publish: async (messages) => {
      for (const each of messages) await clients[0]?.pubsub.publish(GOSSIP_TOPIC, each);
    },
    stop: async () => {
      await Promise.all(clients.map(({ node }) => node.stop()));
      await hub.stop();
    },
  };
}
