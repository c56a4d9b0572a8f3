/**
 * Certificates: an account vouches for its devices, a device for its identity key, sealing key and inbox.
 *
 * Invariant: each signature has a label of its own; none is valid in another's place.
 *
 * Does not know which devices of an account are linked now: that is the membership log's.
 * @see PROTOCOL.md § Certificates
 */
import { lpAll } from "../verify/transcript.ts";
import type { DeviceCertificate, DeviceIdentity, IdentityCertificate } from "../wire/bundle.ts";
import { AccountKey, type DeviceKey, Signature } from "../wire/ids.ts";
import type { Primitives } from "./primitives.ts";

/** The account's certificate for `device`. `accountSeed`: the account's 32-byte Ed25519 seed. */
export function issueDeviceCertificate(p: Primitives, accountSeed: Uint8Array, device: DeviceKey): DeviceCertificate {
  const account = AccountKey.from(p.signingPublicKey(accountSeed));
  return { account, device, signature: Signature.from(p.sign(accountSeed, deviceCertificateBytes(account, device))) };
}

/** `valid` when the account named in the certificate signed it. */
export function checkDeviceCertificate(p: Primitives, certificate: DeviceCertificate): "valid" | "forged" {
  const { account, device, signature } = certificate;
  return p.verify(account, deviceCertificateBytes(account, device), signature) ? "valid" : "forged";
}

/** The device's certificate for its own keys. `deviceSeed`: the device's 32-byte Ed25519 seed. */
export function issueIdentityCertificate(
  p: Primitives,
  deviceSeed: Uint8Array,
  keys: Omit<IdentityCertificate, "signature">,
): IdentityCertificate {
  const { identityKey, sealingKey, inbox } = keys;
  return { identityKey, sealingKey, inbox, signature: Signature.from(p.sign(deviceSeed, identityBytes(keys))) };
}

/** `valid` when both certificates are signed: by the account, and by its device. */
export function checkDeviceIdentity(p: Primitives, { certificate, identity }: DeviceIdentity): "valid" | "forged" {
  const valid =
    checkDeviceCertificate(p, certificate) === "valid" &&
    p.verify(certificate.device, identityBytes(identity), identity.signature);
  return valid ? "valid" : "forged";
}

function deviceCertificateBytes(account: AccountKey, device: DeviceKey): Uint8Array {
  return lpAll("device-cert", account, device);
}

function identityBytes(keys: Omit<IdentityCertificate, "signature">): Uint8Array {
  return lpAll("identity-cert", keys.identityKey, keys.sealingKey, keys.inbox);
}
