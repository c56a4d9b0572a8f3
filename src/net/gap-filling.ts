/**
 * What is missing of a topic, fetched from whoever keeps it: every holder is compared with what we keep, one after the
 * other, so that each is asked only for what those before it did not have.
 */
import type { Topic } from "../wire/ids.ts";
import { type LackingFetcher, lackingFetcher, type TakeLacking } from "./comparing-rounds.ts";
import { compareTopic, type Reconciled } from "./reconciliation.ts";

/** Holders of one topic that are asked: each comparison hashes the whole topic there. */
const HOLDERS_MAX = 8;

/** Answers how many of the holders have answered. */
export type GapFiller = (topic: Topic, holders: readonly Reconciled["client"][]) => Promise<number>;

/** What has been fetched once is not fetched again: it was not worth keeping. */
export function gapFiller(ours: Omit<Reconciled, "client">, take: TakeLacking): GapFiller {
  const fetchLacking = lackingFetcher(take);
  return async (topic, holders) => {
    let answered = 0;
    for (const client of holders.slice(0, HOLDERS_MAX))
      if (await fillFrom({ ...ours, client }, topic, fetchLacking)) answered += 1;
    return answered;
  };
}

/** False: it did not answer, or what came from it could not be taken. */
async function fillFrom(parts: Reconciled, topic: Topic, fetchLacking: LackingFetcher): Promise<boolean> {
  const difference = await compareTopic(parts, topic);
  if (!difference) return false;
  return await fetchLacking(parts, topic, difference.lacking).then(
    () => true,
    () => false,
  );
}
