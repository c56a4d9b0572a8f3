/** What each method of the client does. One function a method; shapes in api.ts. */
import type { Primitives } from "../crypto/primitives.ts";
import { fingerprintOf } from "../protocol/account.ts";
import { contactLinkText } from "../protocol/link.ts";
import type { Answer, Input } from "../protocol/machine.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import { REQUEST } from "../protocol/records/joining.ts";
import { Fault } from "../wire/fault.ts";
import { TEXT_MAX_BYTES } from "../wire/limits.ts";
import { withAddresses } from "../wire/link.ts";
import { toHex } from "../wire/text-forms.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import { leaveEverything } from "./account-leaving.ts";
import type { ClientCall, ClientCallOptions, ClientMethod, ClientMethods } from "./api.ts";
import { catchUp, isCaughtUp, LEAST_WAIT_MS, outboxLength, waitForOthers, waitTaken } from "./call-waiting.ts";
import type { TopicBook } from "./effects-performer.ts";
import type { ClientEvent } from "./event-api.ts";
import type { EventHub } from "./event-hub.ts";
import { checkEvidence, evidence } from "./evidence-calls.ts";
import { examine } from "./examination.ts";
import { cancelFile, getFile, listFiles, sendFile } from "./file-calls.ts";
import type { FileTransfers } from "./file-transfers.ts";
import { follow } from "./following.ts";
import type { GapFilling } from "./gap-filling.ts";
import { add, createGroup, describeGroup, listGroups } from "./group-calls.ts";
import { findGroup } from "./group-names.ts";
import { isOutOf, outsider } from "./group-ranks.ts";
import { history, markRead, notes, saveNote } from "./history-calls.ts";
import { invite, join, listInvites, revoke } from "./invite-calls.ts";
import { listen } from "./listening.ts";
import { membersReach } from "./member-reach.ts";
import { isInStepWithMembers, unreachedGroups } from "./members-holding.ts";
import { cancelJoin, changeSettings, leave, rekey, removeMember, rename, setRole } from "./membership-calls.ts";
import { ownAddresses } from "./own-addresses.ts";
import { listDevices, unlinkDevice, waitForLinks } from "./own-devices.ts";
import { changeName } from "./own-name.ts";
import type { Clock } from "./ports/clock.ts";
import type { Network, PeerStatus } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingRecord, scanRecords } from "./profile-reader.ts";
import { refusedJoins } from "./refused-joins.ts";
import { groupRelays, ownRelays, relaysInUse, whyNotTaken } from "./relay-calls.ts";
import { verify } from "./verification.ts";
import { isoTime, presentPeers } from "./views.ts";

/** What calls work with. */
export interface CallContext {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly hub: EventHub;
  readonly topics: TopicBook;
  /** Since when (ms) we have been connected to another member in this way. */
  readonly peerSince: (peer: PeerStatus) => number;
  /** See `EffectsPerformer`. */
  readonly isIntroduced: () => boolean;
  readonly gaps: GapFilling;
  /** See `OutboxFlusher`. */
  readonly undelivered: () => number;
  readonly put: (input: Input) => Promise<Answer>;
  /** Left out where the program has no place for files. */
  readonly files?: FileTransfers | undefined;
}

/** What comes with one call. */
export interface CallOptions extends ClientCallOptions {
  readonly id: string;
  readonly emit: (event: ClientEvent) => void;
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
  "name-change": changeName,
  relays: ownRelays,
  "group-create": createGroup,
  "group-list": listGroups,
  "group-info": describeGroup,
  "group-add": add,
  "group-invite": invite,
  "group-invites": listInvites,
  "group-revoke": revoke,
  "group-join": join,
  "group-remove": removeMember,
  "group-role": setRole,
  "group-leave": leave,
  "group-cancel": cancelJoin,
  "group-rekey": rekey,
  "group-rename": rename,
  "group-settings": changeSettings,
  "group-relays": groupRelays,
  "account-leave": leaveEverything,
  send,
  "file-send": sendFile,
  "file-list": listFiles,
  "file-get": getFile,
  "file-cancel": cancelFile,
  history,
  "mark-read": markRead,
  notes,
  "note-save": saveNote,
  listen,
  follow,
  status,
  examine,
  evidence,
  "evidence-check": checkEvidence,
  sync,
  verify,
  devices: listDevices,
  "device-unlink": unlinkDevice,
  linking: waitForLinks,
};

/** Performs one call. An unknown method, which only a caller of another build names, is `network/refused`. */
export function perform<M extends ClientMethod>(
  context: CallContext,
  call: ClientCall<M>,
  options: CallOptions,
): Promise<ClientMethods[M][1]> {
  if (!Object.hasOwn(CALLS, call.method))
    throw new Fault(
      "network/refused",
      "the process that has the profile open is of another version of Hermes and cannot do this, so nothing was done: end it and try again",
    );
  return CALLS[call.method](context, call.params, options);
}

async function whoami({ store, primitives, network }: CallContext) {
  const { account, device, name, relays } = await readExistingRecord(store, ACCOUNT);
  // with a relay there is a way that lasts; addresses change, and say where one is
  const direct = relays.length > 0 ? [] : ownAddresses(network);
  return {
    account: toHex(account),
    fingerprint: fingerprintOf(primitives, account),
    device: toHex(device),
    name,
    contact: contactLinkText(primitives, withAddresses({ version: 1, account, relays }, direct)),
  };
}

function unexpected(): Fault {
  return new Fault("internal/invariant", "a step gave an answer of another kind");
}

async function send(context: CallContext, params: ClientMethods["send"][0], options: CallOptions) {
  const { store, put } = context;
  const group = await findGroup(store, params.group);
  const sizeBytes = encodeUtf8(params.text).length;
  if (sizeBytes > TEXT_MAX_BYTES)
    throw new Fault(
      "usage/too-long",
      `the text has ${sizeBytes} bytes and a message at most ${TEXT_MAX_BYTES}, so it was not sent: shorten it, or send it in several messages`,
    );
  if (sizeBytes === 0) throw new Fault("usage/bad-argument", "the message is empty, so nothing was sent");
  await catchUp(context, options);
  if (await isOutOf(store, group)) throw await outsider(store, group.group);
  const answer = await put({
    kind: "send-text",
    group: group.group,
    text: params.text,
    call: toHex(encodeUtf8(options.id)),
  });
  if (answer.kind !== "message") throw unexpected();
  const { window, waitMs } = params;
  const state = await waitTaken(context, { group: group.group, message: answer.id, window, waitMs }, options);
  const reason = state === "queued" ? whyNotTaken(context.network, group) : undefined;
  return { message: { id: toHex(answer.id) }, state, ...(reason === undefined ? {} : { reason }) };
}

async function status(context: CallContext) {
  const { network, store, primitives, peerSince } = context;
  return {
    relays: await relaysInUse(context),
    peers: presentPeers(network).map((peer) => ({ ...peer, since: isoTime(peerSince(peer)) })),
    members: (await membersReach(context)).members,
    outbox: await outboxLength(store),
    primitives: primitives.provider,
  };
}

async function sync(context: CallContext, params: ClientMethods["sync"][0], options: CallOptions) {
  const { store, hub, network, topics, isIntroduced, undelivered, gaps } = context;
  let received = 0;
  const stop = hub.listen((notice) => {
    if (notice.kind === "message") received++;
  });
  const isIdle = async () => (await scanRecords(store, REQUEST, { limit: 1 })).length === 0;
  const isSent = async () => (await outboxLength(store)) <= undelivered();
  const isWithoutRelay = network.relays().length === 0;
  const isInStep = async () =>
    isWithoutRelay
      ? await isInStepWithMembers(context)
      : isCaughtUp(topics) && isIntroduced() && (await isSent()) && (await isIdle());
  const isDone = async () => (await isInStep()) && (await gaps.state()).isSettled;
  const complete = await waitForOthers(context, options, {
    holds: isDone,
    waitMs: params.waitMs,
    helper: isWithoutRelay ? "relay or member" : "relay",
    leastMs: LEAST_WAIT_MS.sync,
  });
  stop();
  const missing = (await gaps.state()).gaps;
  const waits = { outbox: await outboxLength(store), undelivered: undelivered() };
  const unreached = isWithoutRelay ? await unreachedGroups(context) : [];
  const refused = await refusedJoins(store);
  return {
    complete,
    received,
    ...waits,
    ...(missing > 0 ? { missing } : {}),
    ...(unreached.length > 0 ? { unreached } : {}),
    ...(refused.length > 0 ? { refused } : {}),
  };
}
