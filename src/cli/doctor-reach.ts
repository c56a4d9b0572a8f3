/** What the doctor says about ways to this machine: groups whose relays are all away, reservations, address translation. */
import type { ClientMethods, GroupName } from "../client/api.ts";
import type { ReachView, RelayUse } from "../client/relay-api.ts";
import type { Finding } from "./doctor.ts";
import { groupOf, printableLine } from "./render.ts";

type Examination = ClientMethods["examine"][1];

/** One finding for each group of which no relay answers, while others do. */
export function groupsWithout({ relays, peers }: Pick<Examination, "relays" | "peers">): readonly Finding[] {
  const isUp = ({ state }: RelayUse): boolean => state === "connected";
  const served = new Set(relays.filter(isUp).flatMap(({ serves }) => serves.map(({ id }) => id)));
  const without = new Map<string, GroupName>();
  for (const { serves } of relays) for (const group of serves) if (!served.has(group.id)) without.set(group.id, group);
  if (!relays.some(isUp)) return []; // then the relays themselves are what is wrong
  const meanwhile = peers.length > 0 ? "members who are reached directly get it at once" : "it waits here until then";
  return [...without.values()].map((group) => ({
    check: "group",
    state: "notice",
    text: `${groupOf(group)}: none of its relays answers. What you write goes to your other relays, and ${meanwhile}; hermes group relays G --add ADDRESS moves it.`,
  }));
}

/** Of a profile that has no relay: who is reached all the same. */
export function noRelay({
  peers,
  located: { devices },
  reach,
}: Pick<Examination, "peers" | "located" | "reach">): Finding {
  const finding = (state: Finding["state"], text: string): Finding => ({ check: "relay", state, text });
  const adding =
    "A relay keeps what is written for those who are away: hermes relays --add ADDRESS, or join a group that has one.";
  if (peers.length > 0)
    return finding("notice", `None: members get what you write while they and you are online. ${adding}`);
  if (devices > 0)
    return finding(
      "notice",
      `None, and no member is there now. They are looked for where they were last, and get what you write when they are met. ${adding}`,
    );
  if (reach.listening.length > 0 || reach.discovers)
    return finding(
      "notice",
      `None, and no member is there now. On the same network, or by an address in a link, you find each other while both run Hermes. ${adding}`,
    );
  return finding(
    "wrong",
    `None; nobody can connect to this machine, nobody is looked for on its network, and no member's address is known: it reaches nobody. ${adding}`,
  );
}

/** How many members would be found again without a relay; a sentence after another one, or nothing. */
export function located({ located: { devices, of } }: Pick<Examination, "located">): string {
  if (of === 0) return "";
  return ` Of ${of === 1 ? "the one other device" : `${of} other devices`} in your groups ${devices === 0 ? "none has" : devices === of ? "all have" : `${devices} have`} told where to be found.`;
}

/** Only while a relay is connected: it is relays that know. */
export function reachFindings(reach: ReachView): readonly Finding[] {
  return [reservation(reach), ...addressFinding(reach)];
}

function reservation({ circuits }: ReachView): Finding {
  if (circuits.length > 0) {
    const who = circuits.length === 1 ? "A relay passes" : `${circuits.length} relays pass`;
    return { check: "reservation", state: "fine", text: `${who} connections of other members on to you.` };
  }
  return {
    check: "reservation",
    state: "notice",
    text: "No relay passes connections on to you: it may have no place left, or be just about to. Messages go through its store all the same.",
  };
}

/** Nothing when no relay has said how it sees us. */
function addressFinding({ observed, own, listening, circuits }: ReachView): readonly Finding[] {
  const [seen] = observed;
  if (seen === undefined) return [];
  const at = printableLine(seen);
  const isOwn = own.includes(seen) || /^127\.|^::1$/.test(seen);
  if (isOwn && listening.length > 0)
    return [
      {
        check: "reach",
        state: "fine",
        text: `Your relay sees you at ${at}, which is this machine: unless a firewall is in between, members can connect to it.`,
      },
    ];
  if (isOwn)
    return [
      {
        check: "reach",
        state: "fine",
        text: `Your relay sees you at ${at}, which is this machine, but nothing listens here: members are reached when you connect to them, or through a relay. HERMES_LISTEN changes that.`,
      },
    ];
  const through =
    circuits.length > 0 ? "through a relay" : "by nobody from outside, as no relay passes connections on to you";
  return [
    {
      check: "reach",
      state: circuits.length > 0 ? "fine" : "notice",
      text: `Your relay sees you at ${at}, and this machine is ${own.map(printableLine).join(", ") || "without an address"}: a router translates between them (NAT). From outside you are reached ${through}; on the LAN directly.`,
    },
  ];
}
