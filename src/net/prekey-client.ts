/** The client's side of `/hermes/prekeys/1.0.0`: one request, one answer, one stream. */
import type { Connection } from "@libp2p/interface";
import {
  decodePrekeyAnswer,
  encodePrekeyRequest,
  type PrekeyAnswer,
  type PrekeyRequest,
} from "../wire/prekey-frames.ts";
import { FrameStream } from "./frame-stream.ts";
import { PREKEY_PROTOCOL } from "./prekey-service.ts";
import { gate } from "./turn-gate.ts";

/** Requests of this client at once, over all relays: a holder resets streams beyond its limit after opening them. */
const STREAMS_AT_ONCE = 16;

/** Asks one holder; `undefined` when it did not answer in time or not in this protocol. Never rejects. */
export type PrekeyAsker = (connection: Connection, request: PrekeyRequest) => Promise<PrekeyAnswer | undefined>;

/** An asker that waits at most `timeoutMs` for each answer. */
export function prekeyAsker(timeoutMs: number): PrekeyAsker {
  const places = gate(STREAMS_AT_ONCE);
  return (connection, request) => places(() => ask(connection, request, timeoutMs).catch(() => undefined));
}

async function ask(
  connection: Connection,
  request: PrekeyRequest,
  timeoutMs: number,
): Promise<PrekeyAnswer | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  const stream = await connection.newStream(PREKEY_PROTOCOL, { signal });
  return new Promise((resolve) => {
    const frames = new FrameStream(stream, connection, {
      frame: (bytes) => {
        resolve(decodePrekeyAnswer(bytes));
        frames.close();
      },
      closed: () => resolve(undefined),
    });
    signal.addEventListener("abort", () => frames.abort("no answer in time"));
    frames.send(encodePrekeyRequest(request));
  });
}
