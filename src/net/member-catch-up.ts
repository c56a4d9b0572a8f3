/**
 * Where to begin reading a topic at another member. Its log has a new name whenever its program starts, so places in it
 * are not remembered: what we lack is found by comparing sets, and only that is fetched.
 *
 * 1. What is coming in from somebody is not asked of others as well: of six members that have the same, one gives it. Where
 *    the others have something else besides, it is fetched when nothing more comes (topic-arrivals.ts).
 * 2. What was fetched in such a later look is fetched once only (comparing-rounds.ts).
 * 3. Who is reached through a relay has, as a rule, what the relay brings: it is looked for there when members have had
 *    time to give the relay what it lacks.
 * 4. Whoever goes on sending without bringing what is lacking holds that up for two waits at most.
 */
import type { NetworkEvents, PeerStatus } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { lackingFetcher, ROUND_FETCHES } from "./comparing-rounds.ts";
import type { IdSets } from "./id-sets.ts";
import type { LinkTiming } from "./link-timing.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import { compareTopic, fetchLacking, isSameTopic } from "./reconciliation.ts";
import type { TopicArrivals } from "./topic-arrivals.ts";
import type { TopicClient } from "./topic-client.ts";
import type { TopicLog } from "./topic-log.ts";

/** Envelopes that are fetched one by one; with more of them the whole topic is read from its beginning, in order. */
const FETCHED_MAX = 512;

/** After so many times what members wait at most before they heal a relay it has most of what they have. */
const HEALING_SHARE = 2;

export interface CatchUpParts {
  readonly log: Pick<TopicLog, "ids" | "get">;
  readonly sets: IdSets;
  readonly verifier: Verifier;
  readonly arrivals: TopicArrivals;
  readonly timing: Pick<LinkTiming, "healWithinMs">;
  /** Takes what was fetched; resolves when it is committed. */
  readonly take: NetworkEvents["delivered"];
}

/** A member as far as this is about it. */
export type CaughtUpMember = Pick<TopicClient, "compare" | "get" | "append">;

export interface MemberCatchUp {
  /** Number after which to read this topic there. What we lack up to it has been taken, or is looked for later. */
  readonly startAt: (client: CaughtUpMember, topic: Topic, path: PeerStatus["path"]) => Promise<Sequence>;
  /** Fetches what only the member has, when nothing of the topic comes in any more; once for all calls until then. */
  readonly look: (client: CaughtUpMember, topic: Topic) => Promise<void>;
}

export function memberCatchUp({ take, arrivals, timing, ...ours }: CatchUpParts): MemberCatchUp {
  const fetchOnce = lackingFetcher(take);
  const looks = new WeakMap<CaughtUpMember, Map<string, Promise<void>>>();
  /** `most`: if so many or fewer are lacking, somebody brings them. */
  const lookNow = async (client: CaughtUpMember, topic: Topic, most: number): Promise<void> => {
    let [isLater, left] = [false, 0];
    await arrivals.whenQuiet(topic, async (isQuiet) => {
      const parts = { ...ours, client };
      for (let fetched = ROUND_FETCHES; fetched === ROUND_FETCHES; ) {
        const difference = await compareTopic(parts, topic);
        const lacking = difference?.lacking ?? [];
        left = lacking.length;
        isLater = !isQuiet && left > FETCHED_MAX && left <= most; // somebody else is bringing them, in order
        fetched = isLater ? 0 : await fetchOnce(parts, topic, lacking);
      }
    });
    if (isLater) await lookNow(client, topic, left - FETCHED_MAX);
  };
  const look: MemberCatchUp["look"] = (client, topic) => {
    const planned = looks.get(client) ?? new Map<string, Promise<void>>();
    looks.set(client, planned);
    const name = toHex(topic);
    const under =
      planned.get(name) ?? lookNow(client, topic, Number.POSITIVE_INFINITY).finally(() => planned.delete(name));
    planned.set(name, under);
    return under;
  };
  const begin = async (parts: typeof ours & { readonly client: CaughtUpMember }, topic: Topic): Promise<Sequence> => {
    const difference = await compareTopic(parts, topic);
    if (!difference || difference.lacking.length > FETCHED_MAX) {
      arrivals.came(topic); // it will
      return 0 as Sequence;
    }
    await fetchLacking(parts, topic, difference.lacking, (envelopes) => {
      const items = envelopes.map((envelope) => ({ sequence: 0 as Sequence, envelope }));
      return take({ log: MEMBERS_LOG, topic, items });
    });
    return difference.theirHead;
  };
  return {
    startAt: async (client, topic, path) => {
      const parts = { ...ours, client };
      const first = await isSameTopic(parts, topic);
      if (first?.isSame) return first.theirHead;
      const isBrought = path === "circuit" || !arrivals.isQuiet(topic);
      if (!first || !isBrought) return await arrivals.bringing(topic, () => begin(parts, topic));
      const healedMs = path === "circuit" ? HEALING_SHARE * timing.healWithinMs : 0;
      arrivals
        .later(healedMs)
        .then(() => look(client, topic))
        .catch(ignore);
      return first.theirHead;
    },
    look,
  };
}

/** Our disk failed: the next comparison finds the same. */
const ignore = (): void => undefined;
