/** Membership logs made by hand: entries that nobody's device would write. */

import assert from "node:assert/strict";
import { issueDeviceCertificate } from "../../src/crypto/device-certificate.ts";
import { entryHash } from "../../src/crypto/epoch-secrets.ts";
import { inviteProofBytes } from "../../src/protocol/log-permission.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import {
  acceptEntry,
  type EntryVerdict,
  entrySigningBytes,
  headsOf,
  isConfirming,
} from "../../src/protocol/membership-log.ts";
import { compareBytes } from "../../src/verify/transcript.ts";
import {
  type Action,
  type EntryCore,
  encodeEntry,
  encodeEntryCore,
  type Member,
  type MemberDevice,
  ROLE,
  type Role,
  type Settings,
} from "../../src/wire/entry.ts";
import { type AccountKey, DeviceKey, EntryHash, GroupId, Signature, type TimeMs } from "../../src/wire/ids.ts";
import { encodeUtf8 } from "../../src/wire/utf8.ts";
import { p } from "./device.ts";

/** Somebody with one device (or several), known by the seeds. */
export interface Somebody {
  readonly name: string;
  readonly accountSeed: Uint8Array;
  readonly deviceSeed: Uint8Array;
  readonly account: AccountKey;
  readonly device: DeviceKey;
}

export function somebody(name: string): Somebody {
  const accountSeed = p.sha256(encodeUtf8(`account ${name}`));
  const deviceSeed = p.sha256(encodeUtf8(`device ${name}`));
  const account = p.signingPublicKey(accountSeed) as AccountKey;
  return { name, accountSeed, deviceSeed, account, device: DeviceKey.from(p.signingPublicKey(deviceSeed)) };
}

/** Another device of the same person. */
export function anotherDevice(who: Somebody, name: string): Somebody {
  const deviceSeed = p.sha256(encodeUtf8(`device ${name} of ${who.name}`));
  return { ...who, deviceSeed, device: DeviceKey.from(p.signingPublicKey(deviceSeed)) };
}

/** A device, certified by its account. */
export function certified(who: Somebody): MemberDevice {
  const { signature } = issueDeviceCertificate(p, who.accountSeed, who.device);
  return { device: who.device, certificate: signature };
}

export function memberOf(who: Somebody, role: Role = ROLE.member, others: readonly Somebody[] = []): Member {
  const devices = [who, ...others].map(certified);
  return { account: who.account, role, name: who.name, devices, proof: undefined };
}

/** What an entry says, where it differs from the plain one that its author would write. */
export interface EntryShape {
  readonly by: Somebody;
  readonly action: Action;
  readonly parents?: readonly EntryHash[];
  readonly seq?: number;
  readonly prev?: EntryHash | undefined;
  readonly group?: GroupId | undefined;
  /** 32 bytes of a confirmation unless told otherwise. */
  readonly confirmation?: Uint8Array;
}

export interface MadeEntry {
  readonly encoded: Uint8Array;
  readonly hash: EntryHash;
}

export function makeEntry(shape: EntryShape): MadeEntry {
  const { by, action, parents = [], seq = 0, prev, group } = shape;
  const confirmation = shape.confirmation ?? new Uint8Array(isConfirming(action.kind) ? 32 : 0).fill(9);
  const core: EntryCore = {
    version: 1,
    group,
    author: by.device,
    seq,
    prev,
    parents,
    frontier: [],
    depth: 1,
    at: 1 as TimeMs,
    action,
  };
  const encodedCore = encodeEntryCore(core);
  const hash = EntryHash.from(entryHash(p, encodedCore, confirmation));
  const signature = Signature.from(p.sign(by.deviceSeed, entrySigningBytes(hash)));
  return { hash, encoded: encodeEntry({ core: encodedCore, confirmation, signature }) };
}

/** A log under construction in which everybody writes after everything. */
export interface LogBuilder {
  readonly group: GroupId;
  readonly entries: MadeEntry[];
  log: LogState;
  /** An entry by its author in its own order, after `parents` (the log's heads unless told otherwise); not added. */
  readonly draft: (by: Somebody, action: Action, change?: Partial<EntryShape>) => MadeEntry;
  /** Judges; accepted entries stay. */
  readonly judge: (entry: MadeEntry) => EntryVerdict;
  /** Drafts and adds; it must be accepted. */
  readonly add: (by: Somebody, action: Action, change?: Partial<EntryShape>) => MadeEntry;
}

export function newLog(founder: Somebody): LogBuilder {
  const action = {
    kind: "create" as const,
    name: "club",
    founder: memberOf(founder, ROLE.owner),
    nonce: new Uint8Array(32),
  };
  const create = makeEntry({ by: founder, action });
  const group = GroupId.from(create.hash);
  const first = acceptEntry(p, group, undefined, create.encoded);
  assert(first.kind === "accepted");
  const builder: LogBuilder = {
    group,
    entries: [create],
    log: first.log,
    draft: (by, does, change = {}) => {
      const own = builder.log.entries.filter(({ author }) => compareBytes(author, by.device) === 0).at(-1);
      const seq = own ? own.seq + 1 : 0;
      return makeEntry({ by, action: does, group, parents: headsOf(builder.log), seq, prev: own?.hash, ...change });
    },
    judge: (entry) => {
      const verdict = acceptEntry(p, group, builder.log, entry.encoded);
      if (verdict.kind === "accepted") {
        builder.log = verdict.log;
        builder.entries.push(entry);
      }
      return verdict;
    },
    add: (by, does, change) => {
      const entry = builder.draft(by, does, change);
      assert.equal(builder.judge(entry).kind, "accepted");
      return entry;
    },
  };
  return builder;
}

export const adding = (...members: readonly Member[]): Action => ({ kind: "add", members });
export const rekeying: Action = { kind: "rekey" };
export const linking = (who: Somebody): Action => ({ kind: "link", account: who.account, device: certified(who) });
export const unlinking = ({ device }: Somebody): Action => ({ kind: "unlink", device });
export const removing = (...people: readonly Somebody[]): Action => ({
  kind: "remove",
  accounts: people.map(({ account }) => account),
});
export const leaving: Action = { kind: "leave" };
export const giving = ({ account }: Somebody, role: Role): Action => ({ kind: "role", account, role });
export const revoking = (invite: EntryHash): Action => ({ kind: "revokeInvite", invite });
export const setting = (changed: Partial<Settings>): Action => ({ kind: "settings", ...noSettings, ...changed });

const noSettings: Settings = {
  name: undefined,
  password: undefined,
  inviters: undefined,
  rekey: undefined,
  relays: undefined,
};

/** An invite whose proof key everybody here knows. */
export function inviting(
  role: Role = ROLE.member,
  uses = 2,
): { readonly action: Action; readonly proofSeed: Uint8Array } {
  const proofSeed = p.sha256(encodeUtf8("proof"));
  const proofKey = p.signingPublicKey(proofSeed);
  const expiresAt = 10 as TimeMs;
  return { proofSeed, action: { kind: "invite", rendezvousSeed: new Uint8Array(32), proofKey, role, uses, expiresAt } };
}

/** The member with a proof that it knew the invite's secret. */
export function proving(member: Member, group: GroupId, invite: EntryHash, proofSeed: Uint8Array): Member {
  const nonce = new Uint8Array(32).fill(3);
  const device = member.devices[0]?.device;
  assert(device);
  const signature = Signature.from(p.sign(proofSeed, inviteProofBytes(group, member.account, device, nonce)));
  return { ...member, proof: { invite, nonce, signature } };
}
