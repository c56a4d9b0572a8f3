/**
 * One end of a transfer, as a process of its own: `give` serves a file to members until it is ended; `put ADDRESS` hands it in
 * at a relay; `get ADDRESS` and `meet ADDRESS` fetch it from a relay and from a member; `release ADDRESS` lets a relay erase it;
 * `tcp-give` and `tcp-get PORT` move as many bytes over a bare socket. What moves is sealed, hashed and opened, not written.
 * Arguments: key (hex), chunks, what, where, and how many chunks of another file it moves first, before it is ready: what V8
 * takes to compile is no part of what a MiB costs.
 */
import { connect, createServer } from "node:net";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { openChunks } from "../src/net/chunk-client.ts";
import { createChunkExchange } from "../src/net/chunk-exchange.ts";
import { type ChunkSource, sourceOn } from "../src/net/chunk-sources.ts";
import { parseAddress } from "../src/net/multiaddr-text.ts";
import { createClientNode, type NetNode } from "../src/net/node.ts";
import type { ChunkId } from "../src/wire/ids.ts";
import { CHUNK_PLAIN_BYTES } from "../src/wire/limits.ts";
import { fromHex } from "../src/wire/text-forms.ts";
import { type ChunkFile, chunkFile } from "./chunk-file.ts";

const NEVER = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [keyHex = "", count = "", what = "", where = "", warmCount = ""] = process.argv.slice(2);
const bytes = Number(count) * CHUNK_PLAIN_BYTES;
/** What this process has used since then (µs). */
function usedSince(before: NodeJS.CpuUsage | undefined): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Says how long it took (ms), how much processor time this process needed, and what sealing takes now (µs). */
async function timed(work: () => Promise<unknown>, sealingUs = (): number => 0): Promise<void> {
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const outcome = await work();
  const [ms, us] = [performance.now() - startedMs, usedSince(before)];
  say(`done ${ms} ${us} ${sealingUs()} ${JSON.stringify(outcome)}`);
}

async function sourceAt(node: NetNode, kind: "relay" | "member"): Promise<ChunkSource> {
  const address = parseAddress(where);
  if (!address) throw new Error("no address");
  const connection = await node.libp2p.dial(address);
  return sourceOn(connection, { kind, accessToken: "", ownPeerId: node.peerIdBytes, verifier: p });
}

/** The file that is moved first, and the one that counts. */
interface Files {
  readonly warm: ChunkFile;
  readonly file: ChunkFile;
}

async function give({ warm, file }: Files): Promise<void> {
  const node = await createClientNode({ listen: ["/ip4/127.0.0.1/tcp/0"] });
  const exchange = createChunkExchange(p, { now: () => [], watch: () => () => undefined });
  let before: NodeJS.CpuUsage | undefined;
  const read: ChunkFile["read"] = (id) => {
    before ??= process.cpuUsage();
    return file.read(id);
  };
  for (const each of [warm, { ...file, read }]) exchange.serve(each);
  await exchange.serveOn(node);
  await node.start();
  say(`ready ${node.addresses()[0]} ${file.sealingUs()}`);
  process.on("SIGTERM", () => {
    const us = usedSince(before);
    say(`done 0 ${us} ${file.sealingUs()} ""`);
    process.exit(0);
  });
}

/** The relay answers when the file is gone. */
async function release(): Promise<void> {
  const node = await createClientNode();
  await node.start();
  const { holder } = await sourceAt(node, "relay");
  const file = chunkFile(fromHex(keyHex) ?? new Uint8Array(32), 1);
  await timed(async () => {
    const client = await openChunks(holder, file);
    await client?.release();
    await client?.close();
    return "complete";
  });
  await node.stop();
}

async function move({ warm, file }: Files, kind: "relay" | "member"): Promise<void> {
  const node = await createClientNode();
  await node.start();
  const source = await sourceAt(node, kind);
  const exchange = createChunkExchange(p, { now: () => [source], watch: () => () => undefined });
  const moveAll = (each: ChunkFile): Promise<unknown> => {
    const arrived = async (id: ChunkId, ciphertext: Uint8Array): Promise<void> => each.open(id, ciphertext);
    return what === "put"
      ? exchange.upload(each, each.ids, { stored: () => undefined, signal: NEVER })
      : exchange.fetch(each, each.ids, { arrived, signal: NEVER });
  };
  await moveAll(warm);
  say(`ready - ${file.sealingUs()}`);
  await timed(() => moveAll(file), file.sealingUs);
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
  if (what === "release") return release();
  const key = fromHex(keyHex) ?? new Uint8Array(32);
  const warm = chunkFile(p.sha256(key), Number(warmCount));
  const files = { warm, file: chunkFile(key, Number(count)) };
  if (what === "give") return give(files);
  return move(files, what === "meet" ? "member" : "relay");
}

main().catch((error) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
