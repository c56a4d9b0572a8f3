/** Fills the small disk that holds the profile until a commit fails, makes room, goes on. Argument: profile directory. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProfileStore } from "../../../src/client/ports/profile.ts";
import { createProfileDirectory } from "../../../src/store/profile-directory.ts";
import { openProfileStore } from "../../../src/store/profile-store.ts";
import { Fault } from "../../../src/wire/fault.ts";
import { line, NO_CHANGES } from "../../contract/profile-store.ts";
import { DATA_KEY } from "../temporary-profile.ts";

const disk = process.argv[2] ?? "";
const directory = join(disk, "profile");

const commit = (store: ProfileStore, n: number) =>
  store.commit({ ...NO_CHANGES, records: new Map([[`n/${n}`, new Uint8Array(8000).fill(n)]]), lines: [line(n)] });

async function fill(store: ProfileStore): Promise<{ acknowledged: number; fault: Fault }> {
  for (let n = 1; ; n++) {
    try {
      await commit(store, n);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { acknowledged: n - 1, fault: error };
    }
  }
}

await writeFile(join(disk, "room"), new Uint8Array(300_000));
await createProfileDirectory(directory, Uint8Array.of(1));
const store = await openProfileStore({ directory, dataKey: DATA_KEY });
const { acknowledged, fault } = await fill(store);
await rm(join(disk, "room"));
await commit(store, acknowledged + 1);
await store.close();
const reopened = await openProfileStore({ directory, dataKey: DATA_KEY });
const kept = (await reopened.scan("n/", { limit: 10_000 })).length;
const lines = (await reopened.history({ group: line(1).group, limit: 10_000 })).length;
await reopened.close();
process.stdout.write(`${JSON.stringify({ code: fault.code, message: fault.message, acknowledged, kept, lines })}\n`);
