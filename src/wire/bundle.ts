/**
 * What a stranger needs to write to a device that is offline, and the certificates by which it knows whose
 * device that is.
 *
 * ```
 * device certificate    account 32 | device 32 | signature 64 by the account
 * identity certificate  identity key 32 | sealing key 32 | inbox 32 | signature 64 by the device
 * prekey bundle         version 1 | device certificate | identity certificate | name | relays
 *                       | signed prekey (id 4, key 32) | last-resort prekey (id 4, key 1,184) | created at 8
 *                       | signature 64 by the device over all that stands before
 * one-time prekey       id 4 | key 32 | kem key 1,184 | signature 64 by the device
 * ```
 * No key serves two algorithms: account and device sign (Ed25519), identity, sealing key and prekeys agree
 * (X25519), kem keys encapsulate (ML-KEM-768), the inbox signs open proofs.
 * @see PROTOCOL.md § Prekey bundles
 */
import { branded } from "./brand.ts";
import { constant, list, struct, text } from "./codec.ts";
import type { Infer } from "./encoding.ts";
import {
  AccountKey,
  DeviceKey,
  IdentityKey,
  KemPublicKey,
  PrekeyId,
  SealingKey,
  Signature,
  TimeMs,
  Topic,
} from "./ids.ts";
import { ADDRESS_MAX_BYTES, NAME_MAX_BYTES, RELAYS_MAX } from "./limits.ts";

/** X25519 public key of a signed or one-time prekey, 32 bytes. */
export const PrekeyPublic = branded("prekey-public", 32);
export type PrekeyPublic = Infer<typeof PrekeyPublic>;

/** The account says: this device is mine. */
export const DeviceCertificate = struct({ account: AccountKey, device: DeviceKey, signature: Signature });
export type DeviceCertificate = Infer<typeof DeviceCertificate>;

/** The device says: agree with this identity key, and seal to this key what you leave in this (public) inbox. */
export const IdentityCertificate = struct({
  identityKey: IdentityKey,
  sealingKey: SealingKey,
  inbox: Topic,
  signature: Signature,
});
export type IdentityCertificate = Infer<typeof IdentityCertificate>;

/** Both certificates of one device: who it is, and where and with what to reach it. */
export const DeviceIdentity = struct({ certificate: DeviceCertificate, identity: IdentityCertificate });
export type DeviceIdentity = Infer<typeof DeviceIdentity>;

/** Medium-term X25519 prekey; a new one every week. */
export const SignedPrekey = struct({ id: PrekeyId, key: PrekeyPublic });
export type SignedPrekey = Infer<typeof SignedPrekey>;

/** Medium-term ML-KEM-768 prekey, used when no one-time prekey is left. */
export const LastResortPrekey = struct({ id: PrekeyId, key: KemPublicKey });
export type LastResortPrekey = Infer<typeof LastResortPrekey>;

const bundleFields = {
  version: constant(1),
  certificate: DeviceCertificate,
  identity: IdentityCertificate,
  name: text(NAME_MAX_BYTES),
  relays: list(text(ADDRESS_MAX_BYTES), RELAYS_MAX),
  signedPrekey: SignedPrekey,
  lastResort: LastResortPrekey,
  createdAt: TimeMs,
};

/** The part of a bundle that its signature covers. */
export const BundleContents = struct(bundleFields);
export type BundleContents = Infer<typeof BundleContents>;

export const PrekeyBundle = struct({ ...bundleFields, signature: Signature });
export type PrekeyBundle = Infer<typeof PrekeyBundle>;

/** Keys for exactly one session set-up: X25519 and ML-KEM-768 under one id. */
export const OneTimePrekey = struct({ id: PrekeyId, key: PrekeyPublic, kemKey: KemPublicKey, signature: Signature });
export type OneTimePrekey = Infer<typeof OneTimePrekey>;
