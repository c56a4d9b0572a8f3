/**
 * Comparing everything once more, at intervals: what a fault has lost on either side is found without a new connection.
 *
 * 1. A round begins at a random time of each interval, so that members who came together do not compare together.
 * 2. What has come in a round is fetched once only: an envelope that is not kept, since no member's key made what is
 *    in it, would otherwise be fetched for ever. Ids are remembered up to REMEMBERED_IDS. Who says that it has something and
 *    does not give it keeps nobody from asking others.
 */
import type { Delivery } from "../client/ports/network.ts";
import { envelopeId } from "../verify/envelope-check.ts";
import type { Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import { fetchLacking, type Reconciled } from "./reconciliation.ts";
import { delay } from "./turn-gate.ts";

/** Envelopes fetched of one topic in one round: the rest comes with the next ones. */
export const ROUND_FETCHES = 512;
/** Ids that are remembered of what was fetched: far more than faults lose. */
const REMEMBERED_IDS = 8_192;

export interface RoundsOptions {
  /** Longest time between two rounds (ms); they begin from half of it on. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly begin: () => unknown;
}

/** Begins rounds until the signal; resolves then. */
export async function comparingRounds({ everyMs, signal, begin }: RoundsOptions): Promise<void> {
  for (;;) {
    await delay(everyMs * (0.5 + Math.random() / 2), signal);
    if (signal.aborted) return;
    await begin();
  }
}

/** Takes what was fetched; resolves when it is committed. */
export type TakeLacking = (delivery: Delivery) => Promise<void>;

export interface Fetching extends Reconciled {
  readonly take: TakeLacking;
}

/** Fetches those of `lacking` (ids in hex) that have not come before, at most ROUND_FETCHES; answers how many it asked for, 0 if none of them came. */
export type LackingFetcher = (parts: Fetching, topic: Topic, lacking: readonly string[]) => Promise<number>;

export function lackingFetcher(): LackingFetcher {
  const fetched = new Set<string>();
  return async (parts, topic, lacking) => {
    const wanted = lacking.filter((id) => !fetched.has(id)).slice(0, ROUND_FETCHES);
    let isAny = false;
    await fetchLacking(parts, topic, wanted, async (envelopes) => {
      const items = envelopes.map((envelope) => ({ sequence: 0 as Sequence, envelope }));
      await parts.take({ log: MEMBERS_LOG, topic, items });
      for (const envelope of envelopes) fetched.add(toHex(envelopeId(parts.verifier.sha256, envelope)));
      forgetFirst(fetched);
      isAny = true;
    });
    return isAny ? wanted.length : 0;
  };
}

function forgetFirst(ids: Set<string>): void {
  for (const id of ids) {
    if (ids.size <= REMEMBERED_IDS) break;
    ids.delete(id); // the one added first
  }
}
