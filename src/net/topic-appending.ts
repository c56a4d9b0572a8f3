/**
 * Appending envelopes at one holder: in frames of bounded size, and with a bound on what waits for an answer.
 *
 * What the holder acknowledged is told to whoever watches whether it keeps its word (flow-watch.ts).
 */
import type { AppendOutcome } from "../client/ports/network.ts";
import { topicOf } from "../wire/envelope.ts";
import { type Sequence, Topic } from "../wire/ids.ts";
import { ENVELOPE_MAX_BYTES, FRAME_ENVELOPES_MAX } from "../wire/limits.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import { waitingBecause } from "./link-failure.ts";
import type { Answer, Asking } from "./topic-asking.ts";

/** Bytes of envelopes in one append frame: half of what a frame may hold. */
const APPEND_BUDGET_BYTES = 524_288;
/** Appended bytes without an answer, above which further ones are `busy` at once: more than any screen writes in 10 s. */
const APPEND_UNDER_WAY_BYTES = 16_777_216;

export interface AppendingOptions {
  readonly asking: Pick<Asking, "ask">;
  /** The holder has acknowledged this envelope under that number. */
  readonly acknowledged: (topic: Topic, item: { readonly sequence: Sequence; readonly envelope: Uint8Array }) => void;
  /** After each append: why the holder did not take all of it for now, undefined when it did. */
  readonly waiting: (because: string | undefined) => void;
}

/** Appends encoded envelopes; one outcome for each. Never rejects. */
export type Append = (envelopes: readonly Uint8Array[]) => Promise<readonly AppendOutcome[]>;

/** The appending of one stream. */
export function appending(options: AppendingOptions): Append {
  const underWay = { bytes: 0 };
  return async (envelopes) => {
    const batches = appendBatches(envelopes);
    return (await Promise.all(batches.map((batch) => appendBatch(options, underWay, batch)))).flat();
  };
}

async function appendBatch(
  { asking, acknowledged, waiting }: AppendingOptions,
  underWay: { bytes: number },
  batch: readonly Uint8Array[],
): Promise<readonly AppendOutcome[]> {
  const bytes = batch.reduce((sum, each) => sum + each.byteLength, 0);
  if (batch.some((each) => each.byteLength > ENVELOPE_MAX_BYTES)) return batch.map(() => TOO_LARGE);
  if (underWay.bytes + bytes > APPEND_UNDER_WAY_BYTES) return batch.map(() => BUSY);
  underWay.bytes += bytes;
  const answer = await asking.ask({ kind: "append", envelopes: batch });
  underWay.bytes -= bytes;
  if (answer?.kind === "appended" || answer?.kind === "refused") waiting(becauseOf(answer));
  if (answer?.kind === "refused") {
    const { reason, retryAfterMs } = answer;
    return batch.map(() => ({ kind: "refused", reason, retryAfterMs }));
  }
  if (answer?.kind !== "appended" || answer.results.length !== batch.length) return batch.map(() => UNREACHABLE);
  for (const [i, result] of answer.results.entries()) {
    const envelope = batch[i];
    if (envelope && result.kind === "stored")
      acknowledged(Topic.from(topicOf(envelope)), { sequence: result.sequence, envelope });
  }
  return answer.results;
}

function becauseOf(answer: Extract<Answer, { readonly kind: "appended" | "refused" }>): string | undefined {
  const results = answer.kind === "refused" ? [answer] : answer.results.filter((each) => each.kind === "refused");
  const [because] = results.flatMap(({ reason }) => waitingBecause(reason) ?? []);
  return because;
}

const UNREACHABLE: AppendOutcome = { kind: "unreachable" };
const BUSY: AppendOutcome = { kind: "refused", reason: REFUSAL.busy };
const TOO_LARGE: AppendOutcome = { kind: "refused", reason: REFUSAL.tooLarge };

/** In order; an envelope that is too large for any frame is a batch of its own. */
function appendBatches(envelopes: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const envelope of envelopes) {
    const size = envelope.byteLength > ENVELOPE_MAX_BYTES ? Number.POSITIVE_INFINITY : envelope.byteLength;
    const last = batches.at(-1);
    if (last === undefined || last.length === FRAME_ENVELOPES_MAX || bytes + size > APPEND_BUDGET_BYTES) {
      batches.push([envelope]);
      bytes = size;
    } else {
      last.push(envelope);
      bytes += size;
    }
  }
  return batches;
}
