/** What each method of the client does. One function a method; shapes in api.ts. */
import { directoryKeyOf } from "../crypto/prekey-bundle.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { fingerprintOf } from "../protocol/account.ts";
import { contactLinkText, inviteLinkText, parseContactLink, parseInviteLink } from "../protocol/link.ts";
import { resolve } from "../protocol/log-resolution.ts";
import type { Answer, Input } from "../protocol/machine.ts";
import { frontierOf } from "../protocol/membership-log.ts";
import { ACCOUNT, EPOCH, GROUP, type GroupState, LOG, OUTBOX, REQUEST } from "../protocol/records.ts";
import { Fault } from "../wire/fault.ts";
import { AccountKey } from "../wire/ids.ts";
import { TEXT_MAX_BYTES } from "../wire/limits.ts";
import type { ContactLink } from "../wire/link.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import { checkName } from "./account-setup.ts";
import type { CancelSignal, ClientCall, ClientEvent, ClientMethod, ClientMethods } from "./api.ts";
import type { TopicBook } from "./effects-performer.ts";
import { type EventHub, type Waiting, waitUntil } from "./event-hub.ts";
import { examine } from "./examination.ts";
import { allGroups, findGroup } from "./group-names.ts";
import { listen } from "./listening.ts";
import type { Clock, Network, ProfileStore } from "./ports.ts";
import { readExistingRecord, readRecord, scanRecords } from "./profile-reader.ts";
import { listDevices, verifiedAccounts, verify, waitForLinks } from "./verification.ts";
import { groupName, isoTime, messageView, relayView, roleName, roleOf } from "./views.ts";

/** Ms that a call waits for the network unless told otherwise. */
const WAIT_MS = 10_000;
/** Longest wait (ms) for what changed in a group since the last look, before a message is sealed. */
const CATCH_UP_MS = 2_000;
/** Lines of history unless told otherwise, and at most. */
const HISTORY_LINES = 50;
const HISTORY_LINES_MAX = 10_000;
/** How long an invite is good unless told otherwise: 7 days, in ms. */
const INVITE_MS = 7 * 24 * 3600 * 1000;
/** Uses of an invite unless told otherwise, and at most. */
const INVITE_USES = 1_000;
const INVITE_USES_MAX = 10_000;
/** Outbox records that `status` counts to. */
const OUTBOX_COUNTED = 100_000;

/** What calls work with. */
export interface CallContext {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly topics: TopicBook;
  /** See `EffectsPerformer`. */
  readonly isIntroduced: () => boolean;
  /** See `OutboxFlusher`. */
  readonly undelivered: () => number;
  readonly put: (input: Input) => Promise<Answer>;
}

/** What comes with one call. */
export interface CallOptions {
  readonly id: string;
  readonly emit: (event: ClientEvent) => void;
  readonly signal?: CancelSignal | undefined;
}

type Calls = {
  readonly [M in ClientMethod]: (
    context: CallContext,
    params: ClientMethods[M][0],
    options: CallOptions,
  ) => Promise<ClientMethods[M][1]>;
};

const CALLS: Calls = {
  whoami,
  "group-create": createGroup,
  "group-list": listGroups,
  "group-info": describeGroup,
  "group-invite": invite,
  "group-join": join,
  "group-add": add,
  send,
  history,
  listen,
  status,
  examine,
  sync,
  verify,
  devices: listDevices,
  linking: waitForLinks,
};

/** Performs one call. An unknown method is `usage/bad-argument`. */
export function perform<M extends ClientMethod>(
  context: CallContext,
  call: ClientCall<M>,
  options: CallOptions,
): Promise<ClientMethods[M][1]> {
  if (!Object.hasOwn(CALLS, call.method)) throw new Fault("usage/bad-argument", "this client knows no such call");
  return CALLS[call.method](context, call.params, options);
}

const waiting = ({ hub, clock }: CallContext, waitMs: number | undefined, { signal }: CallOptions): Waiting => ({
  hub,
  clock,
  waitMs: waitMs ?? WAIT_MS,
  signal,
});

async function whoami({ store, primitives }: CallContext) {
  const { account, device, name, relays } = await readExistingRecord(store, ACCOUNT);
  return {
    account: toHex(account),
    fingerprint: fingerprintOf(primitives, account),
    device: toHex(device),
    name,
    contact: contactLinkText(primitives, { version: 1, account, relays }),
  };
}

async function createGroup({ put }: CallContext, { name }: { name: string }) {
  const answer = await put({ kind: "create-group", name: checkName(name) });
  if (answer.kind !== "group") throw unexpected();
  return { group: groupName(answer.group) };
}

function unexpected(): Fault {
  return new Fault("internal/invariant", "a step gave an answer of another kind");
}

async function listGroups({ store }: CallContext) {
  const groups = [];
  for (const group of await allGroups(store)) {
    const { id, name } = groupName(group);
    groups.push({ id, name, members: group.members, unread: await store.unread(id) });
  }
  return { groups };
}

async function describeGroup({ store }: CallContext, { group: text }: { group: string }) {
  const verified = await verifiedAccounts(store);
  const group = await findGroup(store, text);
  const log = await readExistingRecord(store, LOG, toHex(group.group));
  const epoch = group.sending && (await readRecord(store, EPOCH, toHex(group.sending)));
  const members = [...resolve(log).view.members.values()].map(({ account, name, role, devices }) => ({
    account: toHex(account),
    name,
    role: roleName(role),
    devices: devices.length,
    verified: verified.has(toHex(account)),
  }));
  const heads = frontierOf(log).length;
  return {
    group: groupName(group),
    members,
    epoch: { id: epoch ? toHex(epoch.epoch) : "", number: epoch?.number ?? heads },
  };
}

async function invite(
  { store, put, clock, primitives }: CallContext,
  params: ClientMethods["group-invite"][0],
): Promise<ClientMethods["group-invite"][1]> {
  const group = await findGroup(store, params.group);
  const uses = inRange("uses", params.uses ?? INVITE_USES, INVITE_USES_MAX);
  const expiresAtMs = clock.nowMs() + inRange("expires", params.expiresInMs ?? INVITE_MS, Number.MAX_SAFE_INTEGER / 2);
  if (group.relays.length === 0)
    throw new Fault(
      "usage/not-allowed",
      "this group has no relay, so nobody could follow a link: run `hermes init` with --relay",
    );
  const terms = { role: roleOf(params.role ?? "member"), uses, expiresAtMs };
  const answer = await put({ kind: "create-invite", group: group.group, terms });
  if (answer.kind !== "link") throw unexpected();
  return { link: inviteLinkText(primitives, answer.link), expires: isoTime(expiresAtMs), uses };
}

function inRange(name: string, value: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw new Fault("usage/bad-argument", `${name} must be a whole number from 1 to ${max}`);
}

async function join(context: CallContext, params: ClientMethods["group-join"][0], options: CallOptions) {
  const { store, put, clock, primitives } = context;
  const link = parseInviteLink(primitives, params.link);
  if (!link)
    throw new Fault(
      "usage/bad-link",
      "this is not a whole invite link, so nothing was done: copy all of it, from hermes://join/ to the end",
    );
  const id = toHex(link.group);
  const here = (): Promise<GroupState | undefined> => readRecord(store, GROUP, id);
  if (!(await here())) {
    if (link.expiresAt <= clock.nowMs())
      throw new Fault(
        "usage/expired",
        "this invite has expired, so nobody will let you in with it: ask for a new link",
      );
    await put({ kind: "join", link });
    await waitUntil(async () => (await here()) !== undefined, waiting(context, params.waitMs, options));
  }
  const group = await here();
  return group
    ? { group: groupName(group), state: "joined" as const }
    : { group: { id, name: "" }, state: "pending" as const };
}

async function add(context: CallContext, params: ClientMethods["group-add"][0], options: CallOptions) {
  const { store, put, network, primitives } = context;
  const group = await findGroup(store, params.group);
  const contact = contactOf(primitives, params.account);
  const id = toHex(contact.account);
  const log = await readExistingRecord(store, LOG, toHex(group.group));
  if (resolve(log).view.members.has(id)) throw new Fault("usage/bad-argument", "this person is in the group already");
  network.useRelays(contact.relays, "peer");
  const isReachable = async () => network.relays().some((each) => each.state === "connected");
  await waitUntil(isReachable, waiting(context, params.waitMs, options));
  const taken = await network.takePrekeys(directoryKeyOf(primitives, contact.account));
  if (!taken)
    throw new Fault(
      "network/unreachable",
      "no relay can be reached, so this person's keys cannot be fetched: check the connection and try again",
    );
  const role = roleOf(params.role ?? "member");
  const answer = await put({ kind: "add", group: group.group, account: contact.account, taken, role });
  if (answer.kind !== "group")
    throw new Fault(
      "usage/not-found",
      "no relay knows this account yet: the person has to start Hermes once with the same relay, then try again",
    );
  const after = await readExistingRecord(store, LOG, toHex(group.group));
  const member = resolve(after).view.members.get(id);
  return { group: groupName(group), member: { account: id, name: member?.name ?? "", role: roleName(role) } };
}

function contactOf(primitives: Primitives, text: string): ContactLink {
  const link = parseContactLink(primitives, text);
  if (link) return link;
  const key = fromHex(text.trim());
  if (key?.length === AccountKey.lengthBytes) return { version: 1, account: AccountKey.from(key), relays: [] };
  throw new Fault(
    "usage/bad-link",
    "this is neither a contact link nor an account id, so nobody was added: `hermes whoami` of that person shows the link",
  );
}

async function send(context: CallContext, params: ClientMethods["send"][0], options: CallOptions) {
  const { store, put, hub } = context;
  const group = await findGroup(store, params.group);
  const sizeBytes = encodeUtf8(params.text).length;
  if (sizeBytes > TEXT_MAX_BYTES)
    throw new Fault(
      "usage/too-long",
      `the text has ${sizeBytes} bytes and a message at most ${TEXT_MAX_BYTES}, so it was not sent: shorten it, or send it in several messages`,
    );
  if (sizeBytes === 0) throw new Fault("usage/bad-argument", "the message is empty, so nothing was sent");
  await catchUp(context, options);
  const answer = await put({
    kind: "send-text",
    group: group.group,
    text: params.text,
    call: toHex(encodeUtf8(options.id)),
  });
  if (answer.kind !== "message") throw unexpected();
  const groupId = toHex(group.group);
  const id = toHex(answer.id);
  const line = await store.line(groupId, id);
  if (line !== undefined) hub.tell({ kind: "own-message", line, window: params.window });
  const state = async () => (await store.line(groupId, id))?.state ?? "queued";
  if ((params.waitMs ?? WAIT_MS) > 0)
    await waitUntil(async () => (await state()) !== "queued", waiting(context, params.waitMs, options));
  const reached = await state();
  return { message: { id }, state: reached === "received" ? "on-relay" : reached };
}

/** A message is sealed for those whom we know to be members: who came or went while we were away is learnt first. */
async function catchUp(context: CallContext, options: CallOptions): Promise<void> {
  const { network, topics } = context;
  const isRelayThere = () => network.relays().some(({ state }) => state === "connected" || state === "connecting");
  await waitUntil(async () => isCaughtUp(topics) || !isRelayThere(), waiting(context, CATCH_UP_MS, options));
}

const isCaughtUp = ({ read, caughtUp }: TopicBook): boolean =>
  read.size > 0 && [...read].every((topic) => caughtUp.has(topic));

async function history({ store }: CallContext, params: ClientMethods["history"][0]) {
  const group = toHex((await findGroup(store, params.group)).group);
  const limit = inRange("limit", params.limit ?? HISTORY_LINES, HISTORY_LINES_MAX);
  const { before, search } = params;
  const lines = await store.history({ group, limit, before, search });
  if (before === undefined && search === undefined) await store.markRead(group);
  return { messages: lines.map(messageView) };
}

async function status({ network, store, primitives }: CallContext) {
  return {
    relays: network.relays().map(relayView),
    peers: network.peers(),
    outbox: await outboxLength(store),
    primitives: primitives.provider,
  };
}

async function outboxLength(store: ProfileStore): Promise<number> {
  return (await scanRecords(store, OUTBOX, { limit: OUTBOX_COUNTED })).length;
}

async function sync(context: CallContext, params: ClientMethods["sync"][0], options: CallOptions) {
  const { store, hub, topics, isIntroduced, undelivered } = context;
  let received = 0;
  const stop = hub.listen((notice) => {
    if (notice.kind === "message") received++;
  });
  const isIdle = async () => (await scanRecords(store, REQUEST, { limit: 1 })).length === 0;
  const isSent = async () => (await outboxLength(store)) <= undelivered();
  const isDone = async () => isCaughtUp(topics) && isIntroduced() && (await isSent()) && (await isIdle());
  const complete = await waitUntil(isDone, waiting(context, params.waitMs, options));
  stop();
  return { complete, received, outbox: await outboxLength(store), undelivered: undelivered() };
}
