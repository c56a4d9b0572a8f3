/**
 * Run as a process of its own: puts chunks into the relay's store in the directory given until it is killed, six at a time, and
 * prints a line with the number, twice, of each as soon as it is acknowledged. Arguments: directory, first number.
 */
import { writeSync } from "node:fs";
import { type NumberedChunks, openNumberedChunks } from "./numbered-chunks.ts";

const [directory = "", first = "0"] = process.argv.slice(2);
let next = Number(first);

async function putForEver({ put }: NumberedChunks): Promise<void> {
  for (;;) {
    const n = next++;
    if ((await put(n)) !== "stored") return; // the disk is small
    writeSync(1, `${n} ${n}\n`);
  }
}

openNumberedChunks(directory).then((chunks) => Promise.all([1, 2, 3, 4, 5, 6].map(() => putForEver(chunks))));
