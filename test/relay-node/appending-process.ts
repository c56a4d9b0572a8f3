/**
 * Run as a process of its own: appends to the relay store in the directory given until it is killed, four batches at
 * a time, and prints a line `name sequence` for each envelope as soon as it is acknowledged.
 * Arguments: directory, first name.
 */
import { writeSync } from "node:fs";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import { itemOf, sequenceOf, topicOf } from "../contract/topic-log-contract.ts";
import { ROOMY } from "./store-directory.ts";

/** Envelopes of one append. */
const BATCH = 5;

const [directory = "", first = "0"] = process.argv.slice(2);
let next = Number(first);

async function appendForEver(log: Awaited<ReturnType<typeof openRelayStore>>["log"]): Promise<never> {
  for (;;) {
    const names = Array.from({ length: BATCH }, () => next++);
    const results = await log.append(names.map((name) => itemOf(topicOf(1), name, { size: 2_000 })));
    writeSync(1, names.map((name, i) => `${name} ${sequenceOf(results[i])}\n`).join(""));
  }
}

openRelayStore({ ...ROOMY, directory }).then(({ log }) => Promise.all([1, 2, 3, 4].map(() => appendForEver(log))));
