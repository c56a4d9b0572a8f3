/** Calls about relays: those of a group, those of our account, and which relay is there for what. */
import type { GroupSettings } from "../protocol/group-view.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import { FORMER_RELAYS, type GroupState } from "../protocol/records/group.ts";
import { ROLE } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { RELAYS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { ClientMethods, GroupName } from "./api.ts";
import { catchUp, waiting, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { waitUntil } from "./event-hub.ts";
import { contradictions } from "./evidence-calls.ts";
import type { GroupRelayView } from "./group-api.ts";
import { allGroups, findGroup } from "./group-names.ts";
import { isOutOf, needRank, standingIn } from "./group-ranks.ts";
import { change, NO_SETTINGS } from "./membership-calls.ts";
import type { Network } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingRecord, readRecord } from "./profile-reader.ts";
import type { RelayUse } from "./relay-api.ts";
import { groupName, isoTime, relayView } from "./views.ts";

type Params<M extends keyof ClientMethods> = ClientMethods[M][0];
type Result<M extends keyof ClientMethods> = Promise<ClientMethods[M][1]>;

/** See `group-relays` in api.ts. */
export async function groupRelays(
  context: CallContext,
  params: Params<"group-relays">,
  options: CallOptions,
): Result<"group-relays"> {
  const { store } = context;
  const since = await catchUp(context, options);
  const before = await findGroup(store, params.group);
  const { add = [], remove = [] } = params;
  if (add.length + remove.length === 0) return { ...(await relaysView(context, before)), state: "on-relay" };
  const at = await standingIn(store, before);
  needRank(at, ROLE.admin, "changing the relays");
  const relays = changedRelays(relaysNow(at.view.settings, before), { add, remove, whose: "the group" });
  await tryRelays(context, { add, waitMs: params.waitMs }, options);
  const after = await change(context, before, { kind: "settings", ...NO_SETTINGS, relays });
  const sent = await waitSent(context, { since, waitMs: params.waitMs }, options);
  return { ...(await relaysView(context, after)), ...sent };
}

/** While the settings name none, they are those that this device knows by itself. */
const relaysNow = ({ relays }: GroupSettings, group: GroupState): readonly string[] =>
  relays.length > 0 ? relays : group.relays;

/** What is no address is refused here, before anything is written; then they are tried, so that the change is stored there as well. */
async function tryRelays(
  context: CallContext,
  { add, waitMs }: { readonly add: readonly string[]; readonly waitMs: number | undefined },
  options: CallOptions,
): Promise<void> {
  context.network.useRelays(add, "us");
  const isTried = async () => !statesOf(context, add).some((state) => state === "connecting");
  await waitUntil(isTried, waiting(context, waitMs, options));
}

/** See `relays` in api.ts. */
export async function ownRelays(
  context: CallContext,
  params: Params<"relays">,
  options: CallOptions,
): Result<"relays"> {
  const since = await catchUp(context, options);
  const { add = [], remove = [], waitMs } = params;
  const before = (await readExistingRecord(context.store, ACCOUNT)).relays;
  if (add.length + remove.length === 0) return { ...(await usedRelays(context, before, "")), state: "on-relay" };
  const relays = changedRelays(before, { add, remove, whose: "your account" });
  await tryRelays(context, { add, waitMs }, options);
  await context.put({ kind: "change-relays", relays });
  const sent = await waitSent(context, { since, waitMs }, options);
  return { ...(await usedRelays(context, relays, "")), ...sent };
}

interface RelayChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Begins sentences. */
  readonly whose: "the group" | "your account";
}

function changedRelays(before: readonly string[], { add, remove, whose }: RelayChange): readonly string[] {
  const gone = new Set(remove.map((text) => meantRelay(before, text, whose)));
  const relays = [...new Set([...before.filter((each) => !gone.has(each)), ...add])];
  if (relays.length === 0)
    throw new Fault(
      "usage/not-allowed",
      `that is the only relay of ${whose}, so nothing was changed: name the new one with --add in the same command`,
    );
  if (relays.length > RELAYS_MAX)
    throw new Fault(
      "usage/bad-argument",
      `${whose} has at most ${RELAYS_MAX} relays, so nothing was changed: name those that it shall leave with --remove`,
    );
  return relays;
}

/** A relay by its address or by the PeerId in it. */
function meantRelay(relays: readonly string[], text: string, whose: RelayChange["whose"]): string {
  const meant = relays.find((each) => each === text) ?? relays.find((each) => relayIdOf(each) === text);
  if (meant !== undefined) return meant;
  throw new Fault("usage/not-found", `${whose} has no such relay, so nothing was changed`, { next: "see-relays" });
}

/** PeerId of a relay, with which its address ends. */
const relayIdOf = (address: string): string => address.slice(address.lastIndexOf("/") + 1);

const statesOf = ({ network }: CallContext, addresses: readonly string[]) =>
  network.relays().flatMap(({ address, state }) => (addresses.some((each) => isOne(each, address)) ? [state] : []));

const isOne = (address: string, other: string): boolean => relayIdOf(address) === relayIdOf(other);

/** Why a relay of the group that is connected takes nothing for now, as a sentence. */
export function whyNotTaken(
  network: Pick<Network, "relays">,
  { relays }: Pick<GroupState, "relays">,
): string | undefined {
  const connected = network.relays().filter(({ state }) => state === "connected");
  return connected.find((relay) => relay.reason !== undefined && relays.some((each) => isOne(each, relay.address)))
    ?.reason;
}

async function relaysView(context: CallContext, group: GroupState) {
  return { group: groupName(group), ...(await usedRelays(context, group.relays, toHex(group.group))) };
}

/** Relays with how they are connected, and those that were left; `id`: of the group (hex), "" for our account. */
async function usedRelays({ network, store }: CallContext, addresses: readonly string[], id: string) {
  const known = network.relays();
  const relays = addresses.map((address): GroupRelayView => {
    const found = known.find((each) => isOne(each.address, address));
    if (!found) return { address };
    const { state, since, reason } = relayView(found);
    return { address, state, since, ...(reason === undefined ? {} : { reason }) };
  });
  const former = await readRecord(store, FORMER_RELAYS, id);
  return {
    relays,
    former: former?.relays.map(({ address, until }) => ({ address, until: isoTime(until) })) ?? [],
  };
}

/** All relays with what each is there for; one that serves nothing was named by somebody we write to. */
export async function relaysInUse({ network, store }: CallContext): Promise<readonly RelayUse[]> {
  const left = (await readRecord(store, FORMER_RELAYS, ""))?.relays.map(({ address }) => address) ?? [];
  const own = [...(await readExistingRecord(store, ACCOUNT)).relays, ...left];
  const groups = await relaysOfGroups(store);
  const untrue = await contradictions(store);
  return network.relays().map((status) => {
    const has = (relays: readonly string[]) => relays.some((each) => isOne(each, status.address));
    const times = untrue.get(relayIdOf(status.address));
    return {
      ...relayView(status),
      own: has(own),
      ...(times === undefined ? {} : { contradictions: times }),
      serves: groups.filter(({ relays }) => has(relays)).map(({ name }) => name),
      formerly: groups.filter(({ relays, former }) => has(former) && !has(relays)).map(({ name }) => name),
    };
  });
}

interface RelaysOfGroup {
  readonly name: GroupName;
  readonly relays: readonly string[];
  readonly former: readonly string[];
}

async function relaysOfGroups(store: ProfileStore): Promise<readonly RelaysOfGroup[]> {
  const all: RelaysOfGroup[] = [];
  for (const group of await allGroups(store)) {
    if (await isOutOf(store, group)) continue;
    const former = (await readRecord(store, FORMER_RELAYS, toHex(group.group)))?.relays ?? [];
    all.push({ name: groupName(group), relays: group.relays, former: former.map(({ address }) => address) });
  }
  return all;
}
