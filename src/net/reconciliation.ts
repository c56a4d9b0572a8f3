/**
 * Making our log of a topic and a holder's equal: what differs is found by comparing sets of ids.
 *
 * 1. What is fetched is what was asked for: an envelope with another id is passed over.
 * 2. What is given is signed by its topic: a relay may have handed us one whose signature it broke (the id does not cover it),
 *    and holders cut whoever brings such. Whoever has the topic's key signs it anew, so that no relay can keep others from
 *    being healed by what it hands out.
 * 3. Order: what we give goes in the order of our log, since a reader that was away opens messages best as they were said.
 */
import type { AppendOutcome } from "../client/ports/network.ts";
import { checkEnvelope, envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { EnvelopeId, Sequence, Topic } from "../wire/ids.ts";
import { FRAME_ENVELOPES_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import type { IdSets } from "./id-sets.ts";
import { compareSets, fingerprint, idOf, type SetDifference } from "./set-comparison.ts";
import type { TopicClient } from "./topic-client.ts";
import type { TopicLog } from "./topic-log.ts";
import { nextTurn } from "./turn-gate.ts";

/** Bytes of envelopes in one append: small beside what else a holder has to do. */
const GIVEN_BYTES = 262_144;
/** Ids of our log that are looked at between two turns. */
const PAGE_IDS = 1_024;

/** Our log, and whoever holds another. */
export interface Reconciled {
  readonly log: Pick<TopicLog, "ids" | "get">;
  readonly sets: IdSets;
  readonly client: Pick<TopicClient, "compare" | "get" | "append">;
  readonly verifier: Verifier;
  /** See `TopicSubscription`; undefined where the topic is read no more. */
  readonly signAnew?: ((topic: Topic, envelope: Uint8Array) => Uint8Array | undefined) | undefined;
}

/** What differs, and how far both logs were compared. */
export interface TopicDifference extends SetDifference {
  readonly ourHead: Sequence;
  readonly theirHead: Sequence;
}

/** Compares; the topic is open at the holder. Undefined: it did not answer, or there is too much to compare. */
export async function compareTopic({ sets, client }: Reconciled, topic: Topic): Promise<TopicDifference | undefined> {
  const ours = await sets.of(topic);
  let theirHead: Sequence | undefined;
  const difference =
    ours &&
    (await compareSets(ours.ids, async (ranges) => {
      const compared = await client.compare(topic, ranges);
      theirHead ??= compared?.head;
      return compared?.answers;
    }));
  if (!ours || !difference || theirHead === undefined) return undefined;
  return { ...difference, ourHead: ours.head, theirHead };
}

/** Whether both logs have the same of a topic that is open at the holder; one question. Undefined as above. */
export async function isSameTopic(
  { sets, client }: Pick<Reconciled, "sets" | "client">,
  topic: Topic,
): Promise<{ readonly isSame: boolean; readonly theirHead: Sequence } | undefined> {
  const ours = await sets.of(topic);
  const compared = ours && (await client.compare(topic, [{ prefix: "", fingerprint: fingerprint(ours.ids, "") }]));
  const [answer] = compared?.answers ?? [];
  return compared && answer && { isSame: answer.kind === "same", theirHead: compared.head };
}

/** Gets these envelopes, as far as the holder has them, and hands them on in parts. */
export async function fetchLacking(
  { client, verifier }: Reconciled,
  topic: Topic,
  lacking: readonly string[],
  take: (envelopes: readonly Uint8Array[]) => Promise<void>,
): Promise<void> {
  const wanted = new Set(lacking);
  for (let asked = [...wanted].slice(0, FRAME_ENVELOPES_MAX); asked.length > 0; ) {
    const got = await client.get(topic, asked.map(idOf));
    const ours = got?.filter((envelope) => wanted.delete(toHex(envelopeId(verifier.sha256, envelope)))) ?? [];
    if (ours.length === 0)
      for (const id of asked) wanted.delete(id); // it has none of them any more
    else await take(ours);
    if (got === undefined) return;
    asked = [...wanted].slice(0, FRAME_ENVELOPES_MAX);
  }
}

/** How giving goes on: a pause before each part, and an end when nobody wants it any more. */
export interface Giving {
  /** Ids (hex) that the holder lacks; whoever sees that it has got one takes it out. */
  readonly pending: Set<string>;
  /** Waits, then answers how many envelopes to append at once; 0: stop. */
  readonly turn: () => Promise<number>;
  /** So many of the last ones the holder had got from others meanwhile. */
  readonly repeated: (count: number) => void;
}

/** How giving ended: all of it was given; the holder did not take all; it did not answer, or `turn` has stopped it. */
export type Given = "all" | "refused" | "unanswered";

/** Appends what is pending. */
export async function giveExtra(parts: Reconciled, topic: Topic, giving: Giving): Promise<Given> {
  const { pending, turn } = giving;
  let after = 0 as Sequence;
  for (;;) {
    const page = await parts.log.ids(topic, after, PAGE_IDS);
    let wanted: readonly EnvelopeId[] = page.items.map(({ id }) => id);
    for (;;) {
      wanted = wanted.filter((id) => pending.has(toHex(id)));
      if (wanted.length === 0) break;
      const size = await turn();
      if (size === 0) return "unanswered";
      const part = wanted.filter((id) => pending.has(toHex(id))).slice(0, size);
      const given = part.length > 0 ? await givePart(parts, topic, { part, giving }) : "all";
      if (given !== "all") return given;
    }
    const last = page.items.at(-1);
    if (!last || pending.size === 0) return "all";
    after = last.sequence;
    await nextTurn();
  }
}

/** Takes from `pending` what is given now. */
async function givePart(
  { log, client, verifier, signAnew }: Reconciled,
  topic: Topic,
  { part, giving }: { readonly part: readonly EnvelopeId[]; readonly giving: Giving },
): Promise<Given> {
  const found = await log.get(topic, part, GIVEN_BYTES);
  const done = found.map((envelope) => envelopeId(verifier.sha256, envelope));
  for (const id of found.length === 0 ? part : done) giving.pending.delete(toHex(id)); // none: dropped for age since
  const signed = found.map((each) => (isSigned(verifier, each) ? each : (signAnew?.(topic, each) ?? each)));
  const given = signed.filter((each) => isSigned(verifier, each));
  const outcomes = given.length === 0 ? [] : await client.append(given);
  giving.repeated(outcomes.filter((each) => each.kind === "stored" && each.duplicate).length);
  if (outcomes.every((each) => each.kind === "stored" || isForGood(each))) return "all";
  return outcomes.some(({ kind }) => kind === "unreachable") ? "unanswered" : "refused";
}

function isSigned(verifier: Verifier, encoded: Uint8Array): boolean {
  const envelope = decodeEnvelope(encoded);
  return envelope !== undefined && checkEnvelope(verifier, envelope) === "valid";
}

/** Refused whenever it is brought. */
function isForGood(outcome: AppendOutcome): boolean {
  if (outcome.kind !== "refused") return false;
  const { reason } = outcome;
  return reason === REFUSAL.malformed || reason === REFUSAL.forged || reason === REFUSAL.tooLarge;
}
