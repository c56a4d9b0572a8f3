/** The client's side of `/hermes/prekeys/1.0.0`: one request, one answer, one stream. */
import type { Connection } from "@libp2p/interface";
import type { DirectoryKey } from "../wire/ids.ts";
import {
  decodePrekeyAnswer,
  encodePrekeyRequest,
  type PrekeyAnswer,
  type PrekeyRequest,
  type TakenPrekeys,
} from "../wire/prekey-frames.ts";
import { toHex } from "../wire/text-forms.ts";
import { FrameStream } from "./frame-stream.ts";
import type { PeerLinks } from "./peer-links.ts";
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

/** How long to wait for the device itself, which may still have to be found (ms). */
const FOUND_WITHIN_MS = 4_000;
/** Accounts that are remembered as asked for: for a new one strangers are asked again. */
const ASKED_MAX = 256;

/** Asks devices that are connected, or come soon, for prekeys of their own. `discovers`: unknown ones may be found. */
export function prekeyInquiry(
  links: Pick<PeerLinks, "inquire" | "knowsAnybody">,
  ask: PrekeyAsker,
  discovers: boolean,
) {
  const asked = new Set<string>();
  return async (directoryKey: DirectoryKey): Promise<readonly TakenPrekeys[] | undefined> => {
    if (!discovers && !links.knowsAnybody()) return undefined;
    const name = toHex(directoryKey);
    const isNew = !asked.has(name);
    asked.add(name);
    const [oldest] = asked;
    if (asked.size > ASKED_MAX && oldest !== undefined) asked.delete(oldest);
    return await links.inquire(
      async (connection) => {
        const answer = await ask(connection, { kind: "take", directoryKey });
        return answer?.kind === "taken" && answer.devices.length > 0 ? answer.devices : undefined;
      },
      { withinMs: FOUND_WITHIN_MS, isNew },
    );
  };
}

async function ask(
  connection: Connection,
  request: PrekeyRequest,
  timeoutMs: number,
): Promise<PrekeyAnswer | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  const stream = await connection.newStream(PREKEY_PROTOCOL, { signal, runOnLimitedConnection: true });
  return new Promise((resolve) => {
    const frames = new FrameStream(stream, {
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
