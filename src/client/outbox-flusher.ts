/**
 * Sends what lies in the outbox until it is empty.
 *
 * 1. Envelopes leave in the order in which they were committed.
 * 2. A message leaves only after its topic has been read to the end once since the start: if this profile is a
 *    restored old copy, it learns so before it writes (PROTOCOL.md § Restored states). HOLD_MS bounds the wait.
 * 3. Only a holder's answer removes an envelope; no answer means: again, later.
 */
import type { Answer, Input } from "../protocol/machine.ts";
import { OUTBOX, type OutboxState } from "../protocol/records.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Clock, Network, ProfileStore } from "./ports.ts";
import { scanRecords } from "./profile-reader.ts";

/** Envelopes in one append. */
const APPEND_ROWS = 64;
/** Ms after which what was refused or got no answer is tried again. */
const RETRY_MS = 2_000;
/** Ms of being connected after which messages leave even if their topic could not be read: a holder that withholds must not gag us. */
const HOLD_MS = 10_000;

export interface OutboxFlusherDependencies {
  readonly store: ProfileStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly put: (input: Input) => Promise<Answer>;
  /** Whether this topic (hex) has been read to its end on the present connections. */
  readonly isCaughtUp: (topic: string) => boolean;
  /** A walk through the outbox is over. */
  readonly walked: () => void;
}

export interface OutboxFlusher {
  /** Something new may leave now. */
  readonly flush: () => void;
  /** Resolves when the round under way is over; nothing is sent afterwards. */
  readonly close: () => Promise<void>;
}

export function createOutboxFlusher(dependencies: OutboxFlusherDependencies): OutboxFlusher {
  const { clock } = dependencies;
  let connectedMs: number | undefined;
  const isHoldOver = (): boolean => {
    const isConnected = dependencies.network.relays().some(({ state }) => state === "connected");
    connectedMs = isConnected ? (connectedMs ?? clock.nowMs()) : undefined;
    return connectedMs !== undefined && clock.nowMs() - connectedMs > HOLD_MS;
  };
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let cancelRetry: () => void = () => undefined;
  const round = async (): Promise<void> => {
    do {
      again = false;
      const left = await sendAll(dependencies, isHoldOver()).catch(() => true);
      dependencies.walked();
      cancelRetry();
      if (left && !closed) cancelRetry = clock.after(RETRY_MS, flush);
    } while (again && !closed);
    running = undefined;
  };
  const flush = (): void => {
    if (closed) return;
    again = true;
    running ??= Promise.resolve().then(round);
  };
  return {
    flush,
    close: async () => {
      closed = true;
      cancelRetry();
      await running;
    },
  };
}

/** One walk through the outbox; true when something stays in it. */
async function sendAll(dependencies: OutboxFlusherDependencies, isHoldOver: boolean): Promise<boolean> {
  let after: string | undefined;
  let left = false;
  for (;;) {
    const rows = await scanRecords(dependencies.store, OUTBOX, { after, limit: APPEND_ROWS });
    if (rows.length === 0) return left;
    after = rows.at(-1)?.[0];
    const ready = rows.filter(([, row]) => isHoldOver || !isHeld(dependencies, row));
    const gone = await sendRows(dependencies, ready);
    if (gone === "unreachable") return true;
    left ||= gone < rows.length;
  }
}

function isHeld({ isCaughtUp }: OutboxFlusherDependencies, { origin, topic }: OutboxState): boolean {
  return origin.kind === "message" && !isCaughtUp(toHex(topic));
}

async function sendRows(
  { network, put }: OutboxFlusherDependencies,
  rows: readonly (readonly [string, OutboxState])[],
): Promise<number | "unreachable"> {
  if (rows.length === 0) return 0;
  const outcomes = await network.append(rows.map(([, row]) => row.envelope));
  const settled: Promise<Answer>[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const id = rows[i]?.[0];
    if (id !== undefined && outcome.kind !== "unreachable")
      settled.push(put({ kind: "settled", outbox: id, result: outcome }));
  }
  if (settled.length === 0) return "unreachable";
  const answers = await Promise.all(settled);
  return answers.filter((answer) => answer.kind === "outbox" && answer.verdict === "gone").length;
}
