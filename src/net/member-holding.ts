/** How many of the members to whom we are connected have saved what we wrote: they are asked for it by id. */
import { envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { TopicClient } from "./topic-client.ts";

/** Somebody at whom a topic is read. */
export type Holder = Pick<TopicClient, "get">;

/** What somebody is asked for. */
export interface Written {
  readonly topic: Topic;
  /** Encoded. */
  readonly envelopes: readonly Uint8Array[];
}

/** How many of them have all of it; who does not answer has not. */
export async function countHolders(
  holders: readonly Holder[],
  { topic, envelopes }: Written,
  sha256: Verifier["sha256"],
): Promise<number> {
  const ids = envelopes.map((each) => envelopeId(sha256, each));
  const has = async (holder: Holder, id: (typeof ids)[number]): Promise<boolean> => {
    const [envelope] = (await holder.get(topic, [id])) ?? [];
    return envelope !== undefined && toHex(envelopeId(sha256, envelope)) === toHex(id);
  };
  const hasAll = holders.map(async (holder) => (await Promise.all(ids.map((id) => has(holder, id)))).every(Boolean));
  return (await Promise.all(hasAll)).filter(Boolean).length;
}
