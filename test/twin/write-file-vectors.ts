/** Writes test/vectors/files.json from the slow twin. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileTwin } from "./file-twin.ts";

/** Bytes of a file that anybody can make again: SHA-256 of a counter, over and over. */
export function fillerBytes(length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += 32)
    out.set(
      createHash("sha256")
        .update(String(at))
        .digest()
        .subarray(0, length - at),
      at,
    );
  return out;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const key = new Uint8Array(32).map((_, i) => i);

/** Sizes at which something changes: empty, padding, one and several chunks. */
export const VECTOR_SIZES = [0, 1, 4_096, 4_097, 262_144, 262_145, 600_000, 1_048_577];

export const fileVectors = () =>
  VECTOR_SIZES.map((size) => {
    const { levels, root, topic, commitment } = fileTwin(key, fillerBytes(size));
    const chunks = levels.map((level) =>
      level.map((chunk) => ({ bytes: chunk.length, start: hex(chunk.subarray(0, 16)) })),
    );
    return { size, key: hex(key), topic: hex(topic), commitment: hex(commitment), root: hex(root), chunks };
  });

if (process.argv[1]?.endsWith("write-file-vectors.ts"))
  writeFileSync(new URL("../vectors/files.json", import.meta.url), `${JSON.stringify(fileVectors(), null, 2)}\n`);
