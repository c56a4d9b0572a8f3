/** `node --import tsx test/twin/write-vectors.ts`: stores what the twin computes. A changed file is a changed protocol. */
import { writeFileSync } from "node:fs";
import { keyScheduleVectors } from "./key-schedule-vectors.ts";

const file = new URL("../vectors/key-schedule.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(keyScheduleVectors(), undefined, 2)}\n`);
