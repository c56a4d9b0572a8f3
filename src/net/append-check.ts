/**
 * What a holder checks before it stores an envelope: its form, its topic's signature and, for mail to an inbox,
 * that the inbox's owner has shown itself here. The signature alone is the permission to write. That an inbox takes
 * nothing but mail, the log checks when it stores.
 */
import { checkEnvelope, envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../wire/envelope.ts";
import { toHex } from "../wire/text-forms.ts";
import { type AppendResult, REFUSAL, type Refusal } from "../wire/topic-frames.ts";
import type { PaceByKey } from "./pace.ts";
import { CHECKS_PER_TURN, ENVELOPE_PACE_BYTES } from "./topic-limits.ts";
import type { LogAppendResult, LogItem, TopicLog } from "./topic-log.ts";
import { nextTurn } from "./turn-gate.ts";

/** What an append needs of its holder. */
export interface AppendTarget {
  readonly log: TopicLog;
  readonly verifier: Verifier;
  /** Bytes that each topic takes; only what its key has signed counts, so that strangers cannot use it up. */
  readonly topicPace: PaceByKey;
}

/** Results in the order of the envelopes, and the items that are new here. */
export interface Appended {
  readonly results: readonly AppendResult[];
  readonly fresh: readonly { readonly item: LogItem; readonly result: LogAppendResult & { readonly kind: "stored" } }[];
}

/** Checks and stores; resolves when what it says is durable. A log that fails makes every item `unavailable`. */
export async function appendEnvelopes(target: AppendTarget, envelopes: readonly Uint8Array[]): Promise<Appended> {
  const checked: (LogItem | Refusal)[] = [];
  for (const [i, encoded] of envelopes.entries()) {
    if (i % CHECKS_PER_TURN === CHECKS_PER_TURN - 1) await nextTurn();
    checked.push(await check(target, encoded));
  }
  const items = checked.filter((each) => typeof each !== "number");
  const stored = await store(target.log, items);
  const byItem = new Map(items.map((item, i) => [item, stored[i]]));
  const fresh: Appended["fresh"][number][] = [];
  const results = checked.map((each): AppendResult => {
    if (typeof each === "number") return { kind: "refused", reason: each };
    const result = byItem.get(each);
    if (result?.kind !== "stored") return { kind: "refused", reason: REASONS[result?.error ?? "unavailable"] };
    if (!result.duplicate) fresh.push({ item: each, result });
    return result;
  });
  return { results, fresh };
}

const REASONS = {
  quota: REFUSAL.quota,
  busy: REFUSAL.busy,
  unavailable: REFUSAL.unavailable,
  "too-large": REFUSAL.tooLarge,
  "wrong-kind": REFUSAL.unknownTopic,
} as const;

async function check({ log, verifier, topicPace }: AppendTarget, encoded: Uint8Array): Promise<LogItem | Refusal> {
  const envelope = decodeEnvelope(encoded);
  if (envelope === undefined) return REFUSAL.malformed;
  const { topic, kind } = envelope;
  if (kind === ENVELOPE_KIND.deposit && !(await log.isInbox(topic).catch(() => undefined))) return REFUSAL.unknownTopic;
  if (checkEnvelope(verifier, envelope) !== "valid") return REFUSAL.forged;
  if (topicPace.take(toHex(topic), encoded.byteLength + ENVELOPE_PACE_BYTES) > 0) return REFUSAL.busy;
  return { topic, id: envelopeId(verifier.sha256, encoded), kind, envelope: encoded };
}

async function store(log: TopicLog, items: readonly LogItem[]): Promise<readonly LogAppendResult[]> {
  if (items.length === 0) return [];
  try {
    return await log.append(items);
  } catch {
    return items.map(() => ({ kind: "error", error: "unavailable" }));
  }
}
