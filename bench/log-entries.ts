/** Signed entries of a membership log, written without a device. */
import { issueDeviceCertificate } from "../src/crypto/device-certificate.ts";
import { confirmation as confirmationOf, coreHash, type EpochSecret, entryHash } from "../src/crypto/epoch-secrets.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { entrySigningBytes, isConfirming } from "../src/protocol/membership-log.ts";
import {
  type Action,
  type EntryCore,
  encodeEntry,
  encodeEntryCore,
  type Member,
  type Role,
} from "../src/wire/entry.ts";
import { AccountKey, DeviceKey, EntryHash, type GroupId, Signature, type TimeMs } from "../src/wire/ids.ts";
import { random } from "./device.ts";

/** Somebody who signs with one device. */
export interface Person {
  readonly deviceSeed: Uint8Array;
  readonly account: AccountKey;
  readonly device: DeviceKey;
  /** By the account. */
  readonly certificate: Signature;
}

/** Somebody with one device, or a further device of a person with this account seed. */
export function person(accountSeed = random(32)): Person {
  const deviceSeed = random(32);
  const device = DeviceKey.from(p.signingPublicKey(deviceSeed));
  const { signature } = issueDeviceCertificate(p, accountSeed, device);
  return { deviceSeed, account: AccountKey.from(p.signingPublicKey(accountSeed)), device, certificate: signature };
}

export function memberOf({ account, device, certificate }: Person, role: Role): Member {
  return { account, role, name: "somebody", devices: [{ device, certificate }], proof: undefined };
}

/** Where an entry stands. */
export interface Links {
  readonly group: GroupId | undefined;
  readonly seq: number;
  readonly prev: EntryHash | undefined;
  /** Sorted. */
  readonly parents: readonly EntryHash[];
}

export interface MadeEntry {
  readonly hash: EntryHash;
  readonly encoded: Uint8Array;
}

/** An entry that confirms `secret`; without one, any 32 bytes, which nobody who lacks the secret can tell. */
export function makeEntry(by: Person, action: Action, links: Links, secret?: EpochSecret): MadeEntry {
  const at = 1_800_000_000_000 as TimeMs;
  const core: EntryCore = { version: 1, ...links, author: by.device, frontier: [], depth: 1, at, action };
  const encoded = encodeEntryCore(core);
  const known = secret && confirmationOf(p, secret, coreHash(p, encoded));
  const confirmation = known ?? new Uint8Array(isConfirming(action.kind) ? 32 : 0);
  const hash = EntryHash.from(entryHash(p, encoded, confirmation));
  const signature = Signature.from(p.sign(by.deviceSeed, entrySigningBytes(hash)));
  return { hash, encoded: encodeEntry({ core: encoded, confirmation, signature }) };
}
