/**
 * What a client is to the other members of its groups: it serves them what it keeps, and reads from them.
 *
 * 1. Nothing is stored for others: a member has what its profile commits, and passes that on as it comes.
 * 2. Nobody but members is served, and nobody else learns of a topic (topic-meeting.ts). Mail for us is taken from anybody who
 *    knows where to (mailbox.ts), and our prekeys are given to whoever knows our account (own-prekeys.ts).
 */
import type { Delivery, NetworkEvents, TopicSubscription } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { type Correspondence, correspondence } from "./correspondence.ts";
import { gapFiller } from "./gap-filling.ts";
import { createGivers, type Givers, takeKept } from "./givers.ts";
import { idSets } from "./id-sets.ts";
import type { LinkTiming } from "./link-timing.ts";
import { discoverLocally, type LocalDiscovery } from "./local-discovery.ts";
import { mailboxOf } from "./mailbox.ts";
import { type CatchUpParts, memberCatchUp } from "./member-catch-up.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import { parseAddress } from "./multiaddr-text.ts";
import type { NetNode } from "./node.ts";
import { PeerLinks } from "./peer-links.ts";
import type { PrekeyAsker } from "./prekey-client.ts";
import { type HealingOptions, RelayHealing } from "./relay-healing.ts";
import type { HoldingMember } from "./session-context.ts";
import { type TopicArrivals, topicArrivals } from "./topic-arrivals.ts";
import type { TopicClient } from "./topic-client.ts";
import type { StoredEnvelope } from "./topic-fanout.ts";
import type { TopicLimits } from "./topic-limits.ts";
import type { TopicLog } from "./topic-log.ts";
import { createTopicService, type TopicService } from "./topic-service.ts";

/** Less than a relay's: a member does other things, too, and its neighbours have five others. */
const MEMBER_LIMITS: Partial<TopicLimits> = {
  // mail of strangers is opened and committed; a welcome to a group of 1,000 is below 1 MiB
  topicRate: { perSecond: 131_072, burst: 16_777_216 },
  connectionRate: { perSecond: 1_000, burst: 10_000 },
  bytesUnderWay: 1_048_576,
  readsUnderWay: 4,
  pageBytes: 131_072,
};

/** What is kept for other members, and news of it. */
export interface MembersLog extends TopicLog {
  /** Calls after each commit with what is new. Answers how to stop that. */
  readonly watch: (told: (fresh: readonly (StoredEnvelope & { readonly topic: Topic })[]) => void) => () => void;
}

export interface MembersOptions {
  readonly log: MembersLog;
  readonly verifier: Verifier;
  /** Multiaddrs as text; none: only we connect to others. */
  readonly listen: readonly string[];
  /** Multiaddrs as text at which members may be. */
  readonly addresses: readonly string[];
  /** Whether to look for members on the LAN, and to be found there. */
  readonly discover: boolean;
}

export interface MembersParts {
  readonly node: NetNode;
  readonly timing: LinkTiming;
  readonly subscriptions: () => Iterable<TopicSubscription>;
  readonly events: NetworkEvents;
  /** A member said this in passing. */
  readonly said: (topic: Topic, body: Uint8Array) => void;
  readonly askPrekeys: PrekeyAsker;
  /**
   * Whether the relay with this PeerId takes what we give it. What reaches us over a circuit of such a one reaches everybody
   * behind it as well, and counts as given by it (givers.ts).
   */
  readonly relayTakes: (relay: string) => boolean;
}

export interface Members {
  readonly links: PeerLinks;
  readonly mail: Correspondence;
  /** The healing of one relay; `client` is the session with it while there is one that we may write to. */
  readonly healing: (client: () => TopicClient | undefined) => RelayHealing;
  /** Says this in passing to those who read here. */
  readonly say: (topic: Topic, body: Uint8Array) => void;
  /** See `TopicClientEvents`. */
  readonly arriving: (delivery: Delivery) => () => void;
  /** Takes what the relay with this PeerId has delivered. */
  readonly fromRelay: (relay: string, delivery: Delivery) => Promise<void>;
  /** When nothing of it comes in: fetches what these relays, or members, keep of the topic and we do not; answers how many were asked. */
  readonly fill: (topic: Topic, relays: readonly TopicClient[]) => Promise<number>;
  /** Nothing of this topic is read any more. */
  readonly forget: (topic: Topic) => void;
  /** Before the node starts. */
  readonly serve: () => Promise<void>;
  /** After the node has started. */
  readonly discover: () => Promise<void>;
  /** Before the node stops. */
  readonly stop: () => Promise<void>;
}

export function createMembers({ log, verifier, addresses, discover }: MembersOptions, parts: MembersParts): Members {
  const { node, subscriptions } = parts;
  const ours = { log, verifier, sets: idSets(log), arrivals: topicArrivals() };
  const givers = createGivers();
  const { fromMembers, fromRelay, take, takeFrom } = incoming(parts.events, { ...ours, givers });
  const links = new PeerLinks({
    ...parts,
    ...ours,
    givers,
    events: {
      ...parts.events,
      ...fromMembers,
      said: parts.said,
      takes: (topic) => parts.events.mailTaken?.(topic),
    },
    readersOf: (topic) => service.readers(topic),
    catchUp: memberCatchUp({ ...ours, timing: parts.timing, take: takeFrom }),
  });
  const service = serviceOf({ log, verifier }, parts, {
    met: (openerPeerId, topics) => links.met(openerPeerId, topics),
    mailbox: mailboxOf(subscriptions, take),
  });
  const mail = correspondence({ ...parts, links, verifier, discovers: discover });
  const healings = healingsOf({ ...ours, timing: parts.timing, take }, subscriptions);
  const unwatch = log.watch((fresh) => {
    for (const { topic, ...item } of fresh) service.stored(topic, { ...item, givers: givers.of(item.envelope) });
    healings.kept(fresh);
  });
  const fillFrom = gapFiller({ ...ours, take });
  let discovery: LocalDiscovery | undefined;
  return {
    links,
    healing: healings.begin,
    say: service.say,
    arriving: fromMembers.arriving,
    fromRelay,
    fill: (topic, relays) => fillFrom(topic, () => [...links.readAt(topic), ...relays]),
    mail: mail.calls,
    forget: (topic) => {
      ours.arrivals.forget(topic);
      healings.forget(topic);
      links.unsubscribe(topic);
    },
    serve: async () => {
      await service.serve(node);
      await mail.serve(node);
    },
    discover: async () => {
      links.learn(addresses.flatMap((text) => parseAddress(text) ?? []));
      if (discover) discovery = await discoverLocally(node, (addresses) => links.learn(addresses));
    },
    stop: async () => {
      unwatch();
      ours.arrivals.stop();
      await healings.stop();
      await discovery?.stop();
      await links.stop();
      await service.close();
    },
  };
}

interface IncomingParts {
  readonly log: MembersLog;
  readonly arrivals: TopicArrivals;
  readonly givers: Givers;
}

/** What comes in: from members, whose logs have one name here, and from relays. `take`: what was asked for by id. */
function incoming({ delivered }: Pick<NetworkEvents, "delivered">, { log, arrivals, givers }: IncomingParts) {
  const take: NetworkEvents["delivered"] = (delivery) => delivered({ ...delivery, log: MEMBERS_LOG });
  const arriving: Members["arriving"] = ({ topic }) => arrivals.arriving(topic);
  const fromRelay: Members["fromRelay"] = (relay, delivery) =>
    givers.during([relay], delivery, () => delivered(delivery));
  const takeFrom: CatchUpParts["take"] = (delivery, from) => givers.during(from, delivery, () => take(delivery));
  return { fromMembers: { arriving, delivered: take, kept: takeKept(log, take) }, fromRelay, take, takeFrom };
}

/** The healings of all relays. */
function healingsOf(
  ours: Pick<HealingOptions, "log" | "verifier" | "sets" | "timing" | "take">,
  subscriptions: MembersParts["subscriptions"],
) {
  const all = new Set<RelayHealing>();
  const signAnew = (topic: Topic, envelope: Uint8Array): Uint8Array | undefined =>
    [...subscriptions()].find((each) => toHex(each.topic) === toHex(topic))?.signAnew?.(envelope);
  return {
    begin: (client: HealingOptions["client"]): RelayHealing => {
      const healing = new RelayHealing({ ...ours, client, signAnew, stopped: () => all.delete(healing) });
      all.add(healing);
      return healing;
    },
    kept: (fresh: Parameters<RelayHealing["kept"]>[0]): void => {
      for (const each of all) each.kept(fresh);
    },
    forget: (topic: Topic): void => {
      for (const each of all) each.forget(topic);
    },
    stop: () => Promise.all([...all].map((each) => each.stop())),
  };
}

/** What other members, and those with mail for us, are served. */
function serviceOf(
  kept: Pick<MembersOptions, "log" | "verifier">,
  { subscriptions, said }: Pick<MembersParts, "subscriptions" | "said">,
  met: Pick<HoldingMember, "met" | "mailbox">,
): TopicService {
  const topics = () => [...subscriptions()].filter(({ inbox }) => !inbox);
  return createTopicService({ ...kept, limits: MEMBER_LIMITS, member: { topics, said, ...met } });
}
