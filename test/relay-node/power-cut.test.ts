import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import { type Appender, assertHolds, CAMPAIGN_ROUNDS, remember, startAppending } from "./acknowledged.ts";
import { openNumberedChunks } from "./numbered-chunks.ts";
import { ROOMY, temporaryDirectory } from "./store-directory.ts";

/** Power cuts; each costs a second or two. */
const ROUNDS = CAMPAIGN_ROUNDS || 3;
const IMAGE_BYTES = 128 * 1_048_576;

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, [...args], { stdio: ["ignore", "ignore", "pipe"] });
}

/**
 * A disk of its own, as a file: what a process has written but not synced is not in the file yet. Stopping the
 * process, copying the file and going on with the copy is what a power cut leaves.
 */
describe("the relay's store on a disk whose power is cut", () => {
  let home = "";
  let disk = "";
  let disks = 0;
  let mounted = false;

  function mount(): void {
    run("mount", "-o", "loop", disk, join(home, "mnt"));
    mounted = true;
  }

  function unmount(): void {
    if (mounted) run("umount", "--lazy", join(home, "mnt")); // lazy: a test that failed may have left a store open
    mounted = false;
  }

  before(async function () {
    home = await temporaryDirectory();
    disk = join(home, "disk-0");
    await mkdir(join(home, "mnt"));
    try {
      run("truncate", "-s", String(IMAGE_BYTES), disk);
      run("mkfs.ext4", "-q", disk);
      mount();
    } catch {
      console.warn("      SKIPPED: simulated power cuts need Linux, root and a loop device");
      this.skip();
    }
  });

  after(async () => {
    unmount();
    await rm(home, { recursive: true });
  });

  /** Cuts the power when so much has been acknowledged; answers all that was. */
  async function cut(
    { child, acknowledged, until, ended }: Appender,
    count: number,
  ): Promise<Appender["acknowledged"]> {
    await until(count);
    child.kill("SIGSTOP");
    const copy = join(home, `disk-${++disks}`);
    run("cp", "--sparse=always", disk, copy);
    child.kill("SIGKILL");
    await ended; // and with it everything that was acknowledged before the stop
    assert(acknowledged.size >= count);
    unmount();
    await rm(disk);
    disk = copy;
    mount();
    return acknowledged;
  }

  it("has every envelope that it acknowledged, once, and gives none of their numbers again", async function () {
    this.timeout(20_000 * ROUNDS);
    const known = new Map<number, number>();
    const logIds = new Set<string>();
    const directory = join(home, "mnt");
    for (let round = 0; round < ROUNDS; round++) {
      const count = 20 + Math.floor(Math.random() * 2_000);
      remember(known, await cut(startAppending(directory, round * 1_000_000), count));
      const store = await openRelayStore({ ...ROOMY, directory });
      logIds.add(Buffer.from(store.log.logId).toString("hex"));
      await assertHolds(store, known).finally(store.log.close);
    }
    assert.equal(logIds.size, 1, "clients need not read everything again");
  });

  it("has every chunk of a file that it acknowledged, whole, and says of no other that it is there", async function () {
    this.timeout(20_000 * ROUNDS);
    const directory = join(home, "mnt");
    const known = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
      const putter = startAppending(directory, round * 1_000, "putting-process.ts");
      for (const n of (await cut(putter, 5 + Math.floor(Math.random() * 60))).keys()) known.add(n);
      const chunks = await openNumberedChunks(directory);
      for (const n of known) assert(await chunks.isThere(n), `chunk ${n} is lost`);
      for (let n = round * 1_000; n < round * 1_000 + 200; n++)
        assert.equal(await chunks.isClaimed(n), await chunks.isThere(n), `chunk ${n} is claimed, and not there`);
      await chunks.release(); // a small disk
      known.clear();
    }
  });
});
