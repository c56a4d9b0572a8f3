/**
 * One end of a transfer, as a process of its own: `give` serves a file to members until it is ended; `put ADDRESS` hands it in
 * at a relay; `get ADDRESS` and `meet ADDRESS` fetch it from a relay and from a member; `tcp-give` and `tcp-get PORT` move
 * as many bytes over a bare socket. What moves is sealed, hashed and opened, not written. Arguments: key (hex), chunks, what, where.
 */
import { connect, createServer } from "node:net";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { createChunkExchange } from "../src/net/chunk-exchange.ts";
import { type ChunkSource, sourceOn } from "../src/net/chunk-sources.ts";
import { parseAddress } from "../src/net/multiaddr-text.ts";
import { createClientNode, type NetNode } from "../src/net/node.ts";
import { CHUNK_PLAIN_BYTES } from "../src/wire/limits.ts";
import { fromHex } from "../src/wire/text-forms.ts";
import { type ChunkFile, chunkFile } from "./chunk-file.ts";

const NEVER = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [keyHex = "", count = "", what = "", where = ""] = process.argv.slice(2);
const bytes = Number(count) * CHUNK_PLAIN_BYTES;

/** Says how long it took (ms), and how much processor time this process needed (µs). */
async function timed(work: () => Promise<unknown>): Promise<void> {
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const outcome = await work();
  const ms = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  say(`done ${ms} ${user + system} ${JSON.stringify(outcome)}`);
}

async function sourceAt(node: NetNode, kind: "relay" | "member"): Promise<ChunkSource> {
  const address = parseAddress(where);
  if (!address) throw new Error("no address");
  const connection = await node.libp2p.dial(address);
  return sourceOn(connection, { kind, accessToken: "", ownPeerId: node.peerIdBytes, verifier: p });
}

async function give(file: ChunkFile): Promise<void> {
  const node = await createClientNode({ listen: ["/ip4/127.0.0.1/tcp/0"] });
  const exchange = createChunkExchange(p, { now: () => [], watch: () => () => undefined });
  exchange.serve(file);
  await exchange.serveOn(node);
  await node.start();
  const before = process.cpuUsage();
  say(`ready ${node.addresses()[0]} ${file.sealedUs}`);
  process.on("SIGTERM", () => {
    const { user, system } = process.cpuUsage(before);
    say(`done 0 ${user + system} ""`);
    process.exit(0);
  });
}

async function move(file: ChunkFile, kind: "relay" | "member"): Promise<void> {
  const node = await createClientNode();
  await node.start();
  const source = await sourceAt(node, kind);
  const exchange = createChunkExchange(p, { now: () => [source], watch: () => () => undefined });
  say(`ready - ${file.sealedUs}`);
  const arrived = async (id: (typeof file.ids)[number], ciphertext: Uint8Array): Promise<void> =>
    file.open(id, ciphertext);
  await timed(() =>
    what === "put"
      ? exchange.upload(file, file.ids, { stored: () => undefined, signal: NEVER })
      : exchange.fetch(file, file.ids, { arrived, signal: NEVER }),
  );
  await exchange.stop();
  await node.stop();
}

function tcpGive(): void {
  const piece = Buffer.alloc(CHUNK_PLAIN_BYTES, 7);
  const server = createServer((socket) => {
    let left = Number(count);
    const go = (): void => {
      while (left-- > 0) if (!socket.write(piece)) return void socket.once("drain", go);
      socket.end();
    };
    go();
  });
  server.listen(0, "127.0.0.1", () => say(`ready ${(server.address() as { readonly port: number }).port} 0`));
}

const tcpGet = (): Promise<void> =>
  timed(
    () =>
      new Promise((resolve) => {
        let got = 0;
        const socket = connect(Number(where), "127.0.0.1");
        socket.on("data", (data) => {
          got += data.length;
        });
        socket.on("end", () => resolve(got === bytes ? "complete" : "short"));
      }),
  );

async function main(): Promise<void> {
  if (what === "tcp-give") return tcpGive();
  if (what === "tcp-get") return tcpGet();
  const file = chunkFile(fromHex(keyHex) ?? new Uint8Array(32), Number(count));
  if (what === "give") return give(file);
  return move(file, what === "meet" ? "member" : "relay");
}

main().catch((error) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
