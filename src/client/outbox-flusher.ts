/**
 * Sends what lies in the outbox until it is empty.
 *
 * 1. Envelopes leave in the order in which they were committed.
 * 2. A message leaves only after its topic has been read to the end once since the start: if this profile is a
 *    restored old copy, it learns so before it writes (PROTOCOL.md § Restored states). HOLD_MS bounds the wait. So does
 *    what we deposit in our own account topic.
 * 3. Only a holder's answer removes an envelope; no answer means: again, later. What is refused for now pauses with its
 *    topic (retry-book.ts); a new connection tries everything at once.
 */
import type { Answer, Input } from "../protocol/machine.ts";
import { isUnknownInbox } from "../protocol/outbox.ts";
import { OUTBOX, type OutboxState } from "../protocol/records/outbox.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Clock } from "./ports/clock.ts";
import type { AppendOutcome, Network } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { scanRecords } from "./profile-reader.ts";
import { type Answered, createRetryBook, RETRY_MS, type RetryBook } from "./retry-book.ts";

/** Envelopes in one append. */
const APPEND_ROWS = 64;
/**
 * Ms between two walks to the end while nobody takes anything; a hundredth of the time at most. Behind messages that wait for a
 * relay there may be letters, which their owners take themselves.
 */
const THOROUGH_MS = 4_000;
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
  /** Something new may leave now. A topic (hex) that was opened at a holder is not one that others may have refused. */
  readonly flush: (opened?: string) => void;
  /** Letters in the outbox of which every relay that is connected now has said that it has no such inbox. */
  readonly undelivered: () => number;
  /** Resolves when the round under way is over; nothing is sent afterwards. */
  readonly close: () => Promise<void>;
}

/** What one flusher remembers between its walks. */
interface Walk extends OutboxFlusherDependencies {
  readonly retries: RetryBook;
  /** Outbox ids of letters whose inbox nobody knows. */
  readonly unknownInboxes: Set<string>;
  /** From when on (ms) a walk goes to the end although nobody takes what it begins with. */
  thoroughAtMs: number;
}

export function createOutboxFlusher(dependencies: OutboxFlusherDependencies): OutboxFlusher {
  const { clock } = dependencies;
  const walk: Walk = { ...dependencies, retries: createRetryBook(), unknownInboxes: new Set(), thoroughAtMs: 0 };
  const meetRelays = relayWatch(walk);
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let cancelRetry: () => void = () => undefined;
  const round = async (): Promise<void> => {
    do {
      again = false;
      const inMs = await sendAll(walk, meetRelays()).catch(() => RETRY_MS);
      dependencies.walked();
      cancelRetry();
      if (inMs !== undefined && !closed) cancelRetry = clock.after(inMs, () => flush());
    } while (again && !closed);
    running = undefined;
  };
  const flush: OutboxFlusher["flush"] = (opened) => {
    if (closed) return;
    if (opened !== undefined) {
      walk.retries.forget(opened);
      walk.thoroughAtMs = 0;
    }
    again = true;
    running ??= Promise.resolve().then(round);
  };
  return {
    flush,
    undelivered: () => walk.unknownInboxes.size,
    close: async () => {
      closed = true;
      cancelRetry();
      await running;
    },
  };
}

/** Looks who is connected: a new connection may take what others refused. Answers whether HOLD_MS have passed. */
function relayWatch({ network, clock, retries, unknownInboxes }: Walk): () => boolean {
  let connectedMs: number | undefined;
  let present = "";
  return () => {
    const connected = network.relays().filter(({ state }) => state === "connected");
    connectedMs = connected.length > 0 ? (connectedMs ?? clock.nowMs()) : undefined;
    const now = connected.map(({ address, sinceMs }) => `${address} ${sinceMs}`).join();
    if (now !== present) {
      retries.clear();
      unknownInboxes.clear();
    }
    present = now;
    return connectedMs !== undefined && clock.nowMs() - connectedMs > HOLD_MS;
  };
}

/** One walk through the outbox; answers in how many ms to walk again, `undefined` when nothing stays in it. */
async function sendAll(walk: Walk, isHoldOver: boolean): Promise<number | undefined> {
  const { clock, retries } = walk;
  let after: string | undefined;
  let isLeft = false;
  const gone = new Set(walk.unknownInboxes);
  const topics = new Set<string>();
  const beganMs = clock.nowMs();
  const isThorough = beganMs >= walk.thoroughAtMs;
  for (;;) {
    const rows = await scanRecords(walk.store, OUTBOX, { after, limit: APPEND_ROWS });
    if (rows.length === 0) break;
    after = rows.at(-1)?.[0];
    for (const [id, { topic }] of rows) {
      gone.delete(id);
      topics.add(toHex(topic));
    }
    const due = rows.filter(([, { topic }]) => retries.isDue(toHex(topic), clock.nowMs()));
    const ready = due.filter(([, row]) => isHoldOver || !isHeld(walk, row));
    const answered = await sendRows(walk, ready);
    if (answered === "unreachable" && !isThorough) return RETRY_MS;
    isLeft ||= answered === "unreachable" || answered < due.length;
  }
  if (isThorough) walk.thoroughAtMs = clock.nowMs() + Math.max(THOROUGH_MS, 100 * (clock.nowMs() - beganMs));
  for (const id of gone) walk.unknownInboxes.delete(id); // a step took them back
  const nextInMs = retries.nextInMs(topics, beganMs, clock.nowMs());
  return isLeft ? Math.min(RETRY_MS, nextInMs ?? RETRY_MS) : nextInMs;
}

function isHeld({ isCaughtUp }: Walk, { origin, topic }: OutboxState): boolean {
  return origin.kind !== "none" && !isCaughtUp(toHex(topic)); // our own topic is an inbox once it has been opened
}

/** Sends these; answers of how many something is known now. */
async function sendRows(
  walk: Walk,
  rows: readonly (readonly [string, OutboxState])[],
): Promise<number | "unreachable"> {
  if (rows.length === 0) return 0;
  const outcomes = await walk.network.append(rows.map(([, row]) => row.envelope));
  const settling: Promise<Answered>[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const row = rows[i];
    if (row !== undefined && outcome.kind !== "unreachable") settling.push(settle(walk, row, outcome));
  }
  if (settling.length === 0) return "unreachable";
  const answers = await Promise.all(settling);
  walk.retries.book(answers, walk.clock.nowMs());
  return answers.length;
}

async function settle(
  { put, unknownInboxes }: Walk,
  [id, row]: readonly [string, OutboxState],
  outcome: Exclude<AppendOutcome, { readonly kind: "unreachable" }>,
): Promise<Answered> {
  const answer = await put({ kind: "settled", outbox: id, result: outcome });
  const isKept = answer.kind === "outbox" && answer.verdict === "retry";
  const isUnknown = isKept && outcome.kind === "refused" && isUnknownInbox(outcome.reason, row);
  if (isUnknown) unknownInboxes.add(id);
  else unknownInboxes.delete(id);
  return { topic: toHex(row.topic), outcome, isKept };
}
