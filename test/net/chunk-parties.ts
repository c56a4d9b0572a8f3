/** Those who move chunks in tests: files whose key the test holds, clients, and the ways to a holder. */
import { createHash } from "node:crypto";
import type { ChunkHoldings, ChunkTopic } from "../../src/client/ports/chunks.ts";
import { type ChunkSource, type ChunkSources, sourceOn } from "../../src/net/chunk-sources.ts";
import { parseAddress } from "../../src/net/multiaddr-text.ts";
import { createClientNode, type NetNode } from "../../src/net/node.ts";
import { openProofBytes } from "../../src/verify/open-proof.ts";
import type { Verifier } from "../../src/verify/verifier.ts";
import { ChunkId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Cleanup } from "./test-relay.ts";
import type { TopicKey } from "./topic-keys.ts";

/** Nobody stops this. */
export const NEVER = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };

/** The topic of `key` as a file's. */
export function chunkTopic(key: TopicKey): ChunkTopic {
  const { topic, sign } = key;
  return {
    topic,
    prove: (nonce, holderPeerId, openerPeerId) =>
      sign(openProofBytes({ topic, nonce, holderPeerId, openerPeerId, inbox: false })),
  };
}

/** A file of `count` chunks of `bytes` each, told apart from others by `name`. */
export interface TestFile extends ChunkHoldings {
  readonly ids: readonly ChunkId[];
  /** By id in hex. */
  readonly chunks: ReadonlyMap<string, Uint8Array>;
}

export function testFile(
  key: TopicKey,
  { count, bytes, name = "" }: { readonly count: number; readonly bytes: number; readonly name?: string },
): TestFile {
  const chunks = new Map<string, Uint8Array>();
  const ids: ChunkId[] = [];
  for (let i = 0; i < count; i++) {
    const chunk = new Uint8Array(bytes).fill(i);
    chunk.set(createHash("sha256").update(`${name} ${i}`).digest());
    const id = ChunkId.from(new Uint8Array(createHash("sha256").update(chunk).digest()));
    chunks.set(toHex(id), chunk);
    ids.push(id);
  }
  return {
    ...chunkTopic(key),
    ids,
    chunks,
    has: async (wanted) => wanted.map((id) => chunks.has(toHex(id))),
    read: async (id) => chunks.get(toHex(id)),
  };
}

/** A client's node on no address. */
export async function chunkClientNode(cleanup: Cleanup): Promise<NetNode> {
  const node = await createClientNode();
  await node.start();
  cleanup.add({ stop: () => node.stop() });
  return node;
}

/** The holder at `address`, as `from` reaches it. */
export async function sourceAt(
  from: NetNode,
  address: string,
  { verifier, kind = "relay" }: { readonly verifier: Verifier; readonly kind?: "relay" | "member" },
): Promise<ChunkSource> {
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(`no address: ${address}`);
  const connection = await from.libp2p.dial(parsed);
  return sourceOn(connection, { kind, accessToken: "", ownPeerId: from.peerIdBytes, verifier });
}

/** These and no others, for the whole test. */
export const onlySources = (...all: readonly ChunkSource[]): ChunkSources => ({
  now: () => all,
  watch: () => () => undefined,
});
