/**
 * Where to begin reading a topic at another member. Its log has a new name whenever its program starts, so places in it
 * are not remembered: what we lack is found by comparing sets, and only that is fetched.
 *
 * 1. What is coming in from somebody is not asked of others as well: of six members that have the same, one gives it. Where
 *    the others have something else besides, it is fetched when nothing more comes (topic-arrivals.ts).
 * 2. What was fetched in such a later look is fetched once only (comparing-rounds.ts).
 * 3. Who is reached through a relay has, as a rule, what the relay brings: it is looked for there when members have had
 *    time to give the relay what it lacks.
 * 4. Whoever goes on sending without bringing what is lacking holds that up for two waits; for more only if it brings half of
 *    what is still lacking in each.
 */
import type { Delivery, PeerStatus } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { type Fetching, lackingFetcher, ROUND_FETCHES } from "./comparing-rounds.ts";
import type { IdSets } from "./id-sets.ts";
import type { LinkTiming } from "./link-timing.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import { compareTopic, fetchLacking, isSameTopic } from "./reconciliation.ts";
import type { TopicArrivals } from "./topic-arrivals.ts";
import type { TopicClient } from "./topic-client.ts";
import type { TopicLog } from "./topic-log.ts";

/** Envelopes that are fetched one by one; with more of them the whole topic is read from its beginning, in order. */
const FETCHED_MAX = 512;

/** After so many times what members wait at most before they heal a relay it has what they have. */
const HEALING_SHARE = 6;

export interface CatchUpParts {
  readonly log: Pick<TopicLog, "ids" | "get">;
  readonly sets: IdSets;
  readonly verifier: Verifier;
  readonly arrivals: TopicArrivals;
  readonly timing: Pick<LinkTiming, "healWithinMs">;
  /** Takes what these have given, which was fetched; resolves when it is committed. */
  readonly take: (delivery: Delivery, givers: readonly string[]) => Promise<void>;
}

/** A member as far as this is about it. */
export interface CaughtUpMember {
  readonly client: Pick<TopicClient, "compare" | "get" | "append">;
  readonly path: PeerStatus["path"];
  /** As whom givers.ts knows it now. */
  readonly givers: () => readonly string[];
}

export interface MemberCatchUp {
  /** Number after which to read this topic there. What we lack up to it has been taken, or is looked for later. */
  readonly startAt: (member: CaughtUpMember, topic: Topic) => Promise<Sequence>;
  /** Fetches what only the member has, when nothing of the topic comes in any more; once for all calls until then. */
  readonly look: (member: CaughtUpMember, topic: Topic) => Promise<void>;
}

export function memberCatchUp({ take, arrivals, timing, ...ours }: CatchUpParts): MemberCatchUp {
  const fetchOnce = lackingFetcher();
  const looks = new WeakMap<CaughtUpMember["client"], Map<string, Promise<void>>>();
  const partsOf = ({ client, givers }: CaughtUpMember): Fetching => ({
    ...ours,
    client,
    take: (delivery) => take(delivery, givers()),
  });
  /** `atMost`: if so many or fewer are lacking, somebody brings them. */
  const lookNow = async (member: CaughtUpMember, topic: Topic, atMost: number): Promise<void> => {
    let [isLater, left, most] = [false, 0, atMost];
    await arrivals.whenQuiet(topic, async (isQuiet) => {
      const parts = partsOf(member);
      for (let fetched = ROUND_FETCHES; fetched === ROUND_FETCHES; ) {
        const difference = await compareTopic(parts, topic);
        const lacking = difference?.lacking ?? [];
        left = lacking.length;
        isLater = !isQuiet && left > 0 && left <= most; // somebody else is bringing them
        fetched = isLater ? 0 : await fetchOnce(parts, topic, lacking);
        most = 0; // whoever did not bring these brings the rest neither
      }
    });
    if (isLater) await lookNow(member, topic, left >> 1);
  };
  const look: MemberCatchUp["look"] = (member, topic) => {
    const planned = looks.get(member.client) ?? new Map<string, Promise<void>>();
    looks.set(member.client, planned);
    const name = toHex(topic);
    const under =
      planned.get(name) ?? lookNow(member, topic, Number.POSITIVE_INFINITY).finally(() => planned.delete(name));
    planned.set(name, under);
    return under;
  };
  const begin = async (parts: Fetching, topic: Topic): Promise<Sequence> => {
    const difference = await compareTopic(parts, topic);
    if (!difference || difference.lacking.length > FETCHED_MAX) {
      arrivals.came(topic); // it will
      return 0 as Sequence;
    }
    await fetchLacking(parts, topic, difference.lacking, (envelopes) => {
      const items = envelopes.map((envelope) => ({ sequence: 0 as Sequence, envelope }));
      return parts.take({ log: MEMBERS_LOG, topic, items });
    });
    return difference.theirHead;
  };
  return {
    startAt: async (member, topic) => {
      const parts = partsOf(member);
      const first = await isSameTopic(parts, topic);
      if (first?.isSame) return first.theirHead;
      const isRelayed = member.path === "circuit";
      const isBrought = isRelayed || !arrivals.isQuiet(topic);
      if (!first || !isBrought) return await arrivals.bringing(topic, () => begin(parts, topic));
      const healedMs = isRelayed ? HEALING_SHARE * timing.healWithinMs : 0;
      arrivals
        .later(healedMs)
        .then(() => look(member, topic))
        .catch(ignore);
      return first.theirHead;
    },
    look,
  };
}

/** Our disk failed: the next comparison finds the same. */
const ignore = (): void => undefined;
