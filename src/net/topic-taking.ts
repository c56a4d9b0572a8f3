/** What a session hands in: envelopes to store, or mail where the holder is a member; and what its owner lets go. */
import type { Topic } from "../wire/ids.ts";
import { type AppendResult, REFUSAL } from "../wire/topic-frames.ts";
import { appendEnvelopes } from "./append-check.ts";
import { takeMail } from "./mailbox.ts";
import type { Answering, Request, SessionContext, SessionIdentity } from "./session-context.ts";
import { ENVELOPE_PACE_BYTES } from "./topic-limits.ts";
import { NO_TOKEN } from "./topic-opening.ts";

export interface TakingOptions {
  readonly context: SessionContext;
  readonly identity: SessionIdentity;
  readonly answers: Answering;
  readonly opening: { readonly isAdmitted: boolean; readonly has: (topic: Topic) => boolean };
}

/** Answers when what it says is durable. */
export async function takeAppend(options: TakingOptions, { id, envelopes }: Request<"append">): Promise<void> {
  const { context, identity, opening, answers } = options;
  if (!opening.isAdmitted) return answers.refuse({ id, reason: REFUSAL.token, detail: NO_TOKEN });
  const { onEvent, addressPace, member, verifier, topicPace } = context;
  const bytes = envelopes.reduce((sum, { byteLength }) => sum + byteLength + ENVELOPE_PACE_BYTES, 0);
  const retryAfterMs = addressPace.take(identity.address, bytes);
  if (retryAfterMs > 0) {
    onEvent({ kind: "appended", stored: 0, duplicates: 0, refused: envelopes.length, bytes: 0 });
    return answers.refuse({ id, reason: REFUSAL.busy, detail: "too much from one address for now", retryAfterMs });
  }
  if (!member) return await store(options, { id, envelopes });
  const results = await takeMail({ mailbox: member.mailbox, verifier, topicPace }, envelopes);
  answers.send({ kind: "appended", id, results });
  answers.countForged(results.filter(isForged).length);
}

async function store(
  { context, answers }: TakingOptions,
  { id, envelopes }: Pick<Request<"append">, "id" | "envelopes">,
): Promise<void> {
  const { results, fresh } = await appendEnvelopes(context, envelopes);
  answers.send({ kind: "appended", id, results });
  for (const { item, result } of fresh)
    context.fanout.stored(item.topic, { sequence: result.sequence, envelope: item.envelope });
  const refused = results.filter((result) => result.kind === "refused");
  context.onEvent({
    kind: "appended",
    stored: fresh.length,
    duplicates: results.length - refused.length - fresh.length,
    refused: refused.length,
    bytes: fresh.reduce((sum, { item }) => sum + item.envelope.byteLength, 0),
  });
  answers.countForged(refused.filter(isForged).length);
}

const isForged = (result: AppendResult): boolean => result.kind === "refused" && result.reason === REFUSAL.forged;

/** Erases from the front of an inbox what its owner has. */
export async function takeTrim(
  { context: { log }, answers, opening }: TakingOptions,
  { id, topic, upTo }: Request<"trim">,
): Promise<void> {
  const isOwn = opening.has(topic) && (await log.isInbox(topic));
  if (!isOwn)
    return answers.refuse({ id, reason: REFUSAL.unknownTopic, detail: "only one's own inbox can be trimmed" });
  await log.trim(topic, upTo);
  answers.send({ kind: "done", id });
}
