/**
 * Prekey bundles and one-time prekeys: making, checking, and the sealed form in which a directory keeps them.
 *
 * 1. A checked bundle is signed by its device, whose account vouches for it; see device-certificate.ts.
 * 2. The directory finds an account under a hash of its key and keeps ciphertext under a key derived from it:
 *    whoever knows the account key can read, the directory cannot list accounts.
 * 3. The sealing key is used many times, so each sealed form has 24 random bytes of nonce in front.
 *
 * ```
 * sealed = nonce 24 | XChaCha20-Poly1305(key, nonce, aad = directory key; padded encoding)
 * ```
 * @see PROTOCOL.md § Prekey directory
 */
import { concat, equalBytes, lpAll } from "../verify/transcript.ts";
import { BundleContents, OneTimePrekey, PrekeyBundle, PrekeyPublic } from "../wire/bundle.ts";
import { raw, struct } from "../wire/codec.ts";
import { type Codec, decode, encode, type Infer } from "../wire/encoding.ts";
import { type AccountKey, DirectoryKey, KemPublicKey, PrekeyId, Signature } from "../wire/ids.ts";
import { checkDeviceIdentity } from "./device-certificate.ts";
import { extract, hashOf } from "./kdf.ts";
import { pad, unpad } from "./padme.ts";
import type { Primitives } from "./primitives.ts";

const NONCE_BYTES = 24;

/** Secret half of a signed prekey; saved form too. */
export const SecretSignedPrekey = struct({ id: PrekeyId, secret: raw(32) });
export type SecretSignedPrekey = Infer<typeof SecretSignedPrekey>;

/** Secret half of a last-resort prekey: the ML-KEM-768 seed. Saved form too. */
export const SecretLastResortPrekey = struct({ id: PrekeyId, kemSeed: raw(64) });
export type SecretLastResortPrekey = Infer<typeof SecretLastResortPrekey>;

/** Secret half of a one-time prekey: X25519 secret and ML-KEM-768 seed. Saved form too; erased on use. */
export const SecretOneTimePrekey = struct({ id: PrekeyId, secret: raw(32), kemSeed: raw(64) });
export type SecretOneTimePrekey = Infer<typeof SecretOneTimePrekey>;

/** Public half of a secret signed prekey, for a bundle. */
export function signedPrekeyOf(p: Primitives, { id, secret }: SecretSignedPrekey): PrekeyBundle["signedPrekey"] {
  return { id, key: PrekeyPublic.from(p.agreementPublicKey(secret)) };
}

/** Public half of a secret last-resort prekey, for a bundle. */
export function lastResortPrekeyOf(p: Primitives, prekey: SecretLastResortPrekey): PrekeyBundle["lastResort"] {
  return { id: prekey.id, key: KemPublicKey.from(p.kemKeyPair(prekey.kemSeed).publicKey) };
}

/** Signs `contents` with the device's 32-byte Ed25519 seed. */
export function makeBundle(p: Primitives, deviceSeed: Uint8Array, contents: BundleContents): PrekeyBundle {
  return { ...contents, signature: Signature.from(p.sign(deviceSeed, bundleBytes(contents))) };
}

/** `valid` when certificates and signature hold and the account is the expected one (any, when none is given). */
export function checkBundle(p: Primitives, bundle: PrekeyBundle, expected?: AccountKey): "valid" | "forged" {
  const { certificate, signature } = bundle;
  const valid =
    (expected === undefined || equalBytes(certificate.account, expected)) &&
    checkDeviceIdentity(p, bundle) === "valid" &&
    p.verify(certificate.device, bundleBytes(bundle), signature);
  return valid ? "valid" : "forged";
}

/** A one-time prekey's public half, signed with the device's 32-byte Ed25519 seed. */
export function makeOneTimePrekey(p: Primitives, deviceSeed: Uint8Array, secret: SecretOneTimePrekey): OneTimePrekey {
  const prekey = {
    id: secret.id,
    key: PrekeyPublic.from(p.agreementPublicKey(secret.secret)),
    kemKey: KemPublicKey.from(p.kemKeyPair(secret.kemSeed).publicKey),
  };
  return { ...prekey, signature: Signature.from(p.sign(deviceSeed, oneTimeBytes(prekey))) };
}

/** `valid` when the bundle's device signed the one-time prekey. */
export function checkOneTimePrekey(p: Primitives, prekey: OneTimePrekey, bundle: PrekeyBundle): "valid" | "forged" {
  return p.verify(bundle.certificate.device, oneTimeBytes(prekey), prekey.signature) ? "valid" : "forged";
}

/** Where the directory files an account. */
export function directoryKeyOf(p: Primitives, account: AccountKey): DirectoryKey {
  return DirectoryKey.from(hashOf(p, "directory-key", account));
}

/** Key under which an account's bundles and one-time prekeys are stored: 32 bytes, known to all who know the account. */
function bundleSealKey(p: Primitives, account: AccountKey): Uint8Array {
  return extract(p, "directory-seal", account);
}

/** Sealed form of a bundle for its account's directory entry. `nonce`: 24 random bytes. */
export function sealBundle(p: Primitives, bundle: PrekeyBundle, nonce: Uint8Array): Uint8Array {
  return sealForDirectory(p, bundle.certificate.account, encode(PrekeyBundle, bundle), nonce);
}

/** The bundle, unchecked; `undefined` when the bytes are not a bundle sealed for that account. */
export function openBundle(p: Primitives, account: AccountKey, sealed: Uint8Array): PrekeyBundle | undefined {
  return openFromDirectory(p, account, PrekeyBundle, sealed);
}

/** Sealed form of a one-time prekey of `account`. `nonce`: 24 random bytes. */
export function sealOneTimePrekey(
  p: Primitives,
  account: AccountKey,
  prekey: OneTimePrekey,
  nonce: Uint8Array,
): Uint8Array {
  return sealForDirectory(p, account, encode(OneTimePrekey, prekey), nonce);
}

/** The one-time prekey, unchecked; `undefined` when the bytes are not one sealed for that account. */
export function openOneTimePrekey(p: Primitives, account: AccountKey, sealed: Uint8Array): OneTimePrekey | undefined {
  return openFromDirectory(p, account, OneTimePrekey, sealed);
}

function sealForDirectory(p: Primitives, account: AccountKey, encoded: Uint8Array, nonce: Uint8Array): Uint8Array {
  return concat(nonce, p.seal(bundleSealKey(p, account), nonce, directoryKeyOf(p, account), pad(encoded)));
}

function openFromDirectory<T>(p: Primitives, account: AccountKey, codec: Codec<T>, sealed: Uint8Array): T | undefined {
  if (sealed.length < NONCE_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const padded = p.open(bundleSealKey(p, account), nonce, directoryKeyOf(p, account), sealed.subarray(NONCE_BYTES));
  const encoded = padded === undefined ? undefined : unpad(padded);
  return encoded === undefined ? undefined : decode(codec, encoded);
}

function bundleBytes(contents: BundleContents): Uint8Array {
  return lpAll("bundle", encode(BundleContents, contents));
}

function oneTimeBytes(prekey: Omit<OneTimePrekey, "signature">): Uint8Array {
  return lpAll("one-time-prekey", encode(OneTimePrekeyContents, prekey));
}

const OneTimePrekeyContents = struct({ id: PrekeyId, key: PrekeyPublic, kemKey: KemPublicKey });
