/** Commits for ever and writes the number of each commit when it is acknowledged. Argument: profile directory. */

import { openProfileStore } from "../../../src/store/profile-store.ts";
import { line, NO_CHANGES } from "../../contract/profile-store.ts";
import { DATA_KEY } from "../temporary-profile.ts";

const store = await openProfileStore({ directory: process.argv[2] ?? "", dataKey: DATA_KEY });
for (let n = 1; ; n++) {
  const records = new Map([
    [`commit/${n}`, new Uint8Array(500).fill(n)],
    ["last", Uint8Array.of(n >> 8, n & 255)],
  ]);
  await store.commit({ ...NO_CHANGES, records, lines: [line(n)] });
  process.stdout.write(`${n}\n`);
}
