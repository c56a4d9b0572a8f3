import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { askRelay } from "../../relay-node/ask-relay.ts";
import { CHUNK_OVERHEAD_BYTES, TOPIC_OVERHEAD_BYTES } from "../../relay-node/chunk-shelf.ts";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import type { RelayReport } from "../../relay-node/relay-report.ts";
import { openChunks } from "../../src/net/chunk-client.ts";
import { uploadChunks } from "../../src/net/chunk-upload.ts";
import type { ChunkId } from "../../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { chunkClientNode, NEVER, onlySources, sourceAt, type TestFile, testFile } from "../net/chunk-parties.ts";
import { Cleanup } from "../net/test-relay.ts";
import { topicKey } from "../net/topic-keys.ts";
import { CAMPAIGN_ROUNDS } from "./acknowledged.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

/** Kills with SIGKILL; each costs the start of a relay and 6 MiB. */
const ROUNDS = CAMPAIGN_ROUNDS || 2;
const CHUNKS = 24;

describe("a relay that is killed while files are put there", function () {
  this.timeout(30_000 * (ROUNDS + 1));
  const cleanup = new Cleanup();
  let directory = "";
  let relay: RelayProcess;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await cleanup.run();
    relay.child.kill("SIGKILL");
    await relay.ended;
    await rm(directory, { recursive: true });
  });

  const start = async (): Promise<string> => {
    relay = spawnRelay(onLoopback(directory));
    const [address = ""] = (await relay.ready).addrs;
    return address;
  };

  /** Puts the file there; calls `stored` with how many have been acknowledged. */
  async function upload(
    address: string,
    file: TestFile,
    stored: (count: number) => void,
  ): Promise<ReadonlySet<string>> {
    const source = await sourceAt(await chunkClientNode(cleanup), address, { verifier: nodeVerifier });
    const acknowledged = new Set<string>();
    const told = (id: ChunkId): void => {
      acknowledged.add(toHex(id));
      stored(acknowledged.size);
    };
    await uploadChunks(onlySources(source), [file, file.ids, { stored: told, signal: NEVER }]);
    return acknowledged;
  }

  /** Fails unless the relay hands out every one of these. */
  async function assertThere(address: string, file: TestFile, names: ReadonlySet<string>): Promise<void> {
    const { holder } = await sourceAt(await chunkClientNode(cleanup), address, { verifier: nodeVerifier });
    const client = await openChunks(holder, file);
    for (const id of file.ids.filter((each) => names.has(toHex(each))))
      assert(isSame(await client?.get(id), file.chunks.get(toHex(id))), "an acknowledged chunk is lost");
    await client?.close();
  }

  it("has every chunk that it acknowledged, nothing half, and takes the rest", async () => {
    let address = await start();
    const files: TestFile[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const file = testFile(topicKey(round + 1), { count: CHUNKS, bytes: CHUNK_MAX_BYTES, name: `${round}` });
      files.push(file);
      const killAt = randomInt(1, CHUNKS);
      const acknowledged = await upload(address, file, (count) => count === killAt && relay.child.kill("SIGKILL"));
      await relay.ended;
      assert(acknowledged.size >= killAt);
      address = await start();
      await assertThere(address, file, acknowledged);
      assert.equal((await upload(address, file, () => undefined)).size, CHUNKS);
    }
    for (const file of files) await assertThere(address, file, new Set(file.chunks.keys()));
    const { store } = JSON.parse(await askRelay(directory, "json")) as RelayReport;
    assert.equal(store.chunkBytes, ROUNDS * (TOPIC_OVERHEAD_BYTES + CHUNKS * (CHUNK_MAX_BYTES + CHUNK_OVERHEAD_BYTES)));
  });
});

function isSame(got: unknown, chunk: Uint8Array | undefined): boolean {
  return got instanceof Uint8Array && chunk !== undefined && Buffer.from(chunk).equals(got);
}
