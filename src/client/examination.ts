/** How the client is, for somebody who looks for a fault: everything is given a moment to settle first. */
import type { ClientMethods } from "./api.ts";
import { isCaughtUp, outboxLength } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { waitUntil } from "./event-hub.ts";
import { membersReach } from "./member-reach.ts";
import { relaysInUse } from "./relay-calls.ts";
import { presentPeers } from "./views.ts";

/** Ms that things may take to settle unless told otherwise: a connect, a first frame, what is stored, and its answers. */
const SETTLE_MS = 8_000;

/** See `examine` in api.ts. */
export async function examine(
  context: CallContext,
  params: ClientMethods["examine"][0],
  { signal }: CallOptions,
): Promise<ClientMethods["examine"][1]> {
  const { network, topics, hub, clock, primitives, isIntroduced, undelivered } = context;
  const look = async () => ({
    relays: await relaysInUse(context),
    peers: presentPeers(network),
    reach: network.reach(),
    introduced: isIntroduced(),
    caughtUp: isCaughtUp(topics),
    outbox: await outboxLength(context.store),
    undelivered: undelivered(),
    primitives: primitives.provider,
  });
  const isSettled = async (): Promise<boolean> => {
    const seen = await look();
    if (seen.relays.some(({ state }) => state === "connecting")) return false;
    const isDone = seen.introduced && seen.caughtUp && seen.outbox <= seen.undelivered;
    return isDone || !seen.relays.some(({ state }) => state === "connected");
  };
  await waitUntil(isSettled, { hub, clock, waitMs: params.waitMs ?? SETTLE_MS, signal });
  const { members, devices } = await membersReach(context);
  return { ...(await look()), located: { devices: members.length, of: devices } };
}
