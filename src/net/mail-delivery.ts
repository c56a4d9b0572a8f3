/** Letters and join requests go straight to whoever takes them, if that is somebody to whom we are connected. */
import type { AppendOutcome, TopicSubscription } from "../client/ports/network.ts";
import { toHex } from "../wire/text-forms.ts";
import { type MailTopic, mailTopicOf } from "./mail-meeting.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { TopicClient } from "./topic-client.ts";

/**
 * Gives these envelopes to those who take them; for one answer each, `undefined` for what was not given there. What nobody
 * here takes is looked for. What is for topics that we read (`own`) is no mail: it is meant for a relay.
 */
export function deliverMail(
  links: Pick<PeerLinks, "takersOf" | "seek" | "found">,
  own: Iterable<TopicSubscription>,
  envelopes: readonly Uint8Array[],
): readonly Promise<readonly (AppendOutcome | undefined)[]>[] {
  const ours = new Set([...own].map(({ topic }) => toHex(topic)));
  const sought: MailTopic[] = [];
  const given = new Map<TopicClient, number[]>();
  for (const [i, envelope] of envelopes.entries()) {
    const mail = mailTopicOf(envelope);
    if (mail === undefined || ours.has(toHex(mail.topic))) continue;
    const takers = links.takersOf(toHex(mail.topic));
    if (takers.length === 0) sought.push(mail);
    for (const taker of takers) given.set(taker, [...(given.get(taker) ?? []), i]);
  }
  if (sought.length > 0) links.seek(sought);
  return [...given].map(async ([client, places]) => {
    const outcomes = await client.append(places.flatMap((i) => envelopes[i] ?? []));
    const all: (AppendOutcome | undefined)[] = envelopes.map(() => undefined);
    for (const [n, i] of places.entries()) {
      const outcome = outcomes[n];
      const mail = mailTopicOf(envelopes[i] ?? new Uint8Array());
      if (outcome?.kind === "stored" && mail) links.found(toHex(mail.topic));
      all[i] = outcome;
    }
    return all;
  });
}
