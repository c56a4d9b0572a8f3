/** Standard input as a message, and line by line. */
import { createInterface } from "node:readline";
import { Fault } from "../wire/fault.ts";
import { mistake } from "./arguments.ts";

/** Reading stops here (bytes): far above what one message can hold, far below what memory can. */
const INPUT_MAX_BYTES = 1_048_576;

/**
 * All of `input` as text, without one newline at its end. `usage/too-long` after {@link INPUT_MAX_BYTES},
 * `usage/bad-argument` for bytes that are not UTF-8: sending something else than what was given would be worse.
 */
export async function readText(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > INPUT_MAX_BYTES) throw tooLong();
    chunks.push(buffer);
  }
  return decode(Buffer.concat(chunks)).replace(/\r?\n$/, "");
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw mistake("standard input is not text in UTF-8, so nothing was sent; convert it first.");
  }
}

function tooLong(): Fault {
  return new Fault(
    "usage/too-long",
    "standard input is longer than 1 MiB and a message has at most 60,000 bytes, so nothing was sent; send it in several messages.",
  );
}

/** Lines as they come, until the end of input or the signal. */
export async function* linesOf(input: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<string> {
  const lines = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  const close = () => lines.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    if (!signal.aborted) yield* lines;
  } finally {
    signal.removeEventListener("abort", close);
    lines.close();
  }
}
