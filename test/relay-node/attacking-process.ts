/**
 * Run as a process of its own: strangers who want a relay down, all at once, until it is killed. Argument: the relay's address. Prints a
 * line when all kinds are at work.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "@libp2p/interface";
import { PREKEY_PROTOCOL } from "../../src/net/prekey-service.ts";
import { TOPIC_PROTOCOL } from "../../src/net/topic-service.ts";
import { askWithoutReading, type Greedy, greedy, pingWithoutReading, WAYS } from "../net/greedy-peers.ts";
import { openAndRead, rawOpener } from "../net/raw-opener.ts";
import { topicKey } from "../net/topic-keys.ts";

const [address = ""] = process.argv.slice(2);
const port = Number(/tcp\/(\d+)/.exec(address)?.[1]);
/** From how many of this machine's addresses sockets come. */
const ADDRESSES = 8;
/** Between two tries of one kind (ms). */
const PAUSE_MS = 100;
process.on("uncaughtException", () => undefined); // what the relay ends is as it should be

/** Sockets that say nothing, nonsense, or a byte at a time. */
async function knock(n: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${2 + (n % ADDRESSES)}` });
  socket.on("error", () => undefined);
  if (n % 3 === 1) socket.write(randomBytes(5_000));
  if (n % 3 === 2) setInterval(() => socket.write("\x13"), 1_000).unref();
  await pause(PAUSE_MS);
}

async function garbage(connection: Connection): Promise<void> {
  for (const protocol of [TOPIC_PROTOCOL, PREKEY_PROTOCOL]) {
    const stream = await connection.newStream(protocol);
    stream.send(new Uint8Array(randomBytes(3_000)));
  }
}

/** Reads the same topic anew as fast as it can. */
async function subscribeForEver(n: number): Promise<void> {
  const opener = await rawOpener(address);
  const key = topicKey(100 + (n % 100));
  await openAndRead(opener, key);
  for (let id = 3; id < 2_000; id++) opener.send({ kind: "unsubscribe", id, topics: [key.topic] });
  await opener.closed;
}

const ways = Object.values(WAYS);
const KINDS: readonly ((n: number, peer: Greedy) => Promise<unknown>)[] = [
  knock,
  async (n, peer) => ways[n % ways.length]?.(await peer.connect()),
  async (_, peer) => garbage(await peer.connect()),
  async (_, peer) => pingWithoutReading(await peer.connect()),
  async () => askWithoutReading(address, 200),
  subscribeForEver,
];

async function forEver(attack: (typeof KINDS)[number]): Promise<void> {
  const peer = greedy(address);
  for (let n = 0; ; n++) {
    await Promise.race([attack(n, peer).catch(() => undefined), pause(5_000)]);
    await pause(PAUSE_MS);
  }
}

for (const kind of KINDS) forEver(kind);
process.stdout.write("attacking\n");
