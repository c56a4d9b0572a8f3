/**
 * What is missing of a topic, fetched from whoever keeps it: every holder is compared with what we keep, one after the
 * other, so that each is asked only for what those before it did not have.
 */
import type { Topic } from "../wire/ids.ts";
import { type Fetching, type LackingFetcher, lackingFetcher } from "./comparing-rounds.ts";
import { compareTopic, type Reconciled } from "./reconciliation.ts";
import type { TopicArrivals } from "./topic-arrivals.ts";

/** Holders of one topic that are asked: each comparison hashes the whole topic there. */
const HOLDERS_MAX = 8;
/** Where something goes on coming in, more missing envelopes than this are on their way. */
const COMING_MAX = 64;

/** Begins when nothing more of the topic comes in: what is missing may be on its way. Answers how many of the holders have answered. */
export type GapFiller = (topic: Topic, holders: () => readonly Reconciled["client"][]) => Promise<number>;

export interface GapFillerParts extends Omit<Fetching, "client"> {
  readonly arrivals: Pick<TopicArrivals, "whenQuiet">;
}

/** What has been fetched once is not fetched again: it was not worth keeping. */
export function gapFiller({ arrivals, ...ours }: GapFillerParts): GapFiller {
  const fetchLacking = lackingFetcher();
  return async (topic, holders) => {
    let answered = 0;
    await arrivals.whenQuiet(topic, async (isQuiet) => {
      const most = isQuiet ? Number.POSITIVE_INFINITY : COMING_MAX;
      const fetch: LackingFetcher = async (parts, ...what) =>
        what[1].length > most ? 0 : await fetchLacking(parts, ...what);
      for (const client of holders().slice(0, HOLDERS_MAX))
        if (await fillFrom({ ...ours, client }, topic, fetch)) answered += 1;
    });
    return answered;
  };
}

/** False: it did not answer, or what came from it could not be taken. */
async function fillFrom(parts: Fetching, topic: Topic, fetchLacking: LackingFetcher): Promise<boolean> {
  const difference = await compareTopic(parts, topic);
  if (!difference) return false;
  return await fetchLacking(parts, topic, difference.lacking).then(
    () => true,
    () => false,
  );
}
