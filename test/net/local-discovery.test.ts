import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, it } from "mocha";
import { discoverLocally } from "../../src/net/local-discovery.ts";
import { createClientNode } from "../../src/net/node.ts";
import { Cleanup, startRelay } from "./test-relay.ts";

const GROUP = "224.0.0.251";
/** Not that of mDNS, so that nobody else on this machine is found. */
const PORT = 20_353 + Math.floor(Math.random() * 10_000);

/** Hears what is said in the group; undefined where the system lets nobody in. */
function overhear(heard: Buffer[]): Promise<Socket | undefined> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  return new Promise((resolve) => {
    const refuse = (): void => {
      socket.close();
      resolve(undefined);
    };
    socket.once("error", refuse).on("message", (message) => {
      heard.push(message);
      if (message.toString() === "hello") resolve(socket);
    });
    socket.bind(PORT, () => {
      try {
        socket.addMembership(GROUP);
        socket.setMulticastTTL(0);
        socket.send("hello", PORT, GROUP);
        setTimeout(() => resolve(undefined), 1_000).unref();
      } catch {
        refuse();
      }
    });
  });
}

describe("members on a LAN", () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  it("find where the others listen, and tell nothing else: no relay, no circuit", async function () {
    this.timeout(30_000);
    const heard: Buffer[] = [];
    const ear = await overhear(heard);
    if (ear === undefined) this.skip(); // no multicast here
    cleanup.add({ stop: async () => ear.close() });
    const relay = cleanup.add(await startRelay());
    const [ana, ben] = await Promise.all([listening(), listening()]);
    const hasCircuit = (): boolean => ana.addresses().some((address) => address.includes("/p2p-circuit"));
    const reserved = new Promise<void>((resolve) => {
      ana.libp2p.addEventListener("transport:listening", () => hasCircuit() && resolve());
    });
    await ana.libp2p.dial(multiaddr(relay.address));
    await reserved;
    cleanup.add(await discoverLocally(ana, () => undefined, PORT));
    const found = await new Promise<readonly string[]>((resolve, reject) => {
      discoverLocally(ben, (addresses) => resolve(addresses.map(String)), PORT).then(
        (discovery) => cleanup.add(discovery),
        reject,
      );
    });
    const direct = ana.addresses().filter((address) => !address.includes("/p2p-circuit"));
    assert.deepEqual(
      found,
      direct.map((address) => address.replace(/\/p2p\/.*/, "")),
    );
    const said = (): string => Buffer.concat(heard).toString("latin1");
    await new Promise<void>((resolve) => {
      const look = (): void => (said().includes(ana.peerId) ? resolve() : undefined);
      ear.on("message", look);
      look();
    });
    for (const secret of ["p2p-circuit", relay.node.peerId, `/${relay.port}/`])
      assert(!said().includes(secret), secret);
  });

  async function listening() {
    const node = await createClientNode({ listen: ["/ip4/127.0.0.1/tcp/0"] });
    await node.start();
    return cleanup.add(node);
  }
});
