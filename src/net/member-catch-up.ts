/**
 * Where to begin reading a topic at another member. Its log has a new name whenever its program starts, so places in it
 * are not remembered: what we lack is found by comparing sets, and only that is fetched.
 */
import type { NetworkEvents } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Sequence, Topic } from "../wire/ids.ts";
import type { IdSets } from "./id-sets.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import { compareTopic, fetchLacking } from "./reconciliation.ts";
import type { TopicClient } from "./topic-client.ts";
import type { TopicLog } from "./topic-log.ts";

/** Envelopes that are fetched one by one; with more of them the whole topic is read from its beginning, in order. */
const FETCHED_MAX = 512;

export interface CatchUpParts {
  readonly log: Pick<TopicLog, "ids" | "get">;
  readonly sets: IdSets;
  readonly verifier: Verifier;
  readonly delivered: NetworkEvents["delivered"];
}

/** Number after which to read this topic there, when what we lack up to it has been delivered. */
export type StartAt = (client: TopicClient, topic: Topic) => Promise<Sequence>;

export function memberCatchUp({ delivered, ...ours }: CatchUpParts): StartAt {
  return async (client, topic) => {
    const parts = { ...ours, client };
    const difference = await compareTopic(parts, topic);
    if (!difference || difference.lacking.length > FETCHED_MAX) return 0 as Sequence;
    await fetchLacking(parts, topic, difference.lacking, (envelopes) => {
      const items = envelopes.map((envelope) => ({ sequence: 0 as Sequence, envelope }));
      return delivered({ log: MEMBERS_LOG, topic, items });
    });
    return difference.theirHead;
  };
}
