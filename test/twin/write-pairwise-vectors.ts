/** `node --import tsx test/twin/write-pairwise-vectors.ts`: stores what the twin computes. A changed file is a changed protocol. */
import { writeFileSync } from "node:fs";
import { pairwiseVectors } from "./pairwise-vectors.ts";

const file = new URL("../vectors/pairwise.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(pairwiseVectors(), undefined, 2)}\n`);
