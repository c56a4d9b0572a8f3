/**
 * PQXDH: the secret of a new pairwise session, from an identity here and a prekey bundle there.
 *
 * ```
 * DH1 = agree(IK_A, SPK_B)   DH2 = agree(EK_A, IK_B)   DH3 = agree(EK_A, SPK_B)   DH4 = agree(EK_A, OPK_B)
 * SK  = HKDF(salt = 0^32, FF^32 || DH1 || DH2 || DH3 [|| DH4] || KEM secret, info = lp("pqxdh_…"), 32)
 * id  = H("session-id", initiator's certificates, initial fields)
 * AD  = H("session-ad", id, initiator's certificates, responder's certificates, SPK_B, KEM key, [OPK_B])
 * ```
 * 1. Both sides have the same AD only when they agree on both identities and every public key that was used.
 * 2. The one-time KEM key is used exactly when the one-time X25519 key is; otherwise the last-resort one.
 * 3. `id` follows from what the initial message shows, so a replay is known without any secret.
 *
 * Signatures are the caller's to check, before.
 * @see https://signal.org/docs/specifications/pqxdh/ §3
 */
import { concat } from "../verify/transcript.ts";
import { DeviceIdentity, type OneTimePrekey, type PrekeyBundle } from "../wire/bundle.ts";
import { raw } from "../wire/codec.ts";
import { encode, type Infer } from "../wire/encoding.ts";
import { KemCiphertext } from "../wire/ids.ts";
import { EphemeralKey, InitialFields } from "../wire/pairwise.ts";
import { deriveKey, hashOf } from "./kdf.ts";
import type { SecretLastResortPrekey, SecretOneTimePrekey, SecretSignedPrekey } from "./prekey-bundle.ts";
import type { Primitives } from "./primitives.ts";

/** Random bytes that an initiator uses: ephemeral secret 32, KEM randomness 32. */
export const PQXDH_RANDOM_BYTES = 64;

/** Hash of what the initial message shows, 32 bytes: names a session. */
export const SessionId = raw(32);
export type SessionId = Infer<typeof SessionId>;

/** A device of ours: its certificates and the 32-byte X25519 secret of its identity key. */
export interface OurIdentity extends DeviceIdentity {
  readonly identitySecret: Uint8Array;
}

/** The responder's secret prekeys that an initial message names. */
export interface ResponderPrekeys {
  readonly signedPrekey: SecretSignedPrekey;
  /** Exactly one of the two: the one-time prekey when the message names one, else the last resort. */
  readonly kemPrekey:
    | ({ readonly kind: "one-time" } & SecretOneTimePrekey)
    | ({ readonly kind: "last-resort" } & SecretLastResortPrekey);
}

/** What both sides have after the exchange. */
export interface Agreement {
  readonly id: SessionId;
  /** SK, 32 bytes. */
  readonly secret: Uint8Array;
  /** AD, 32 bytes. */
  readonly associated: Uint8Array;
}

/**
 * The initiator's side. Bundle and one-time prekey have been checked. `random`: PQXDH_RANDOM_BYTES.
 * `undefined` when a key of the bundle cannot be used at all.
 */
export function initiate(
  p: Primitives,
  ours: OurIdentity,
  theirs: { readonly bundle: PrekeyBundle; readonly oneTime?: OneTimePrekey | undefined },
  random: Uint8Array,
): { readonly agreement: Agreement; readonly fields: InitialFields } | undefined {
  const { bundle, oneTime } = theirs;
  const ephemeralSecret = random.subarray(0, 32);
  const kemKey = oneTime?.kemKey ?? bundle.lastResort.key;
  const kem = p.kemEncapsulate(kemKey, random.subarray(32, PQXDH_RANDOM_BYTES));
  if (kem === undefined) return undefined;
  const secret = sessionSecret(p, kem.secret, [
    p.agree(ours.identitySecret, bundle.signedPrekey.key),
    p.agree(ephemeralSecret, bundle.identity.identityKey),
    p.agree(ephemeralSecret, bundle.signedPrekey.key),
    ...(oneTime === undefined ? [] : [p.agree(ephemeralSecret, oneTime.key)]),
  ]);
  if (secret === undefined) return undefined;
  const fields: InitialFields = {
    ephemeral: EphemeralKey.from(p.agreementPublicKey(ephemeralSecret)),
    signedPrekey: bundle.signedPrekey.id,
    lastResort: bundle.lastResort.id,
    oneTime: oneTime?.id,
    kemCiphertext: KemCiphertext.from(kem.ciphertext),
  };
  const id = sessionIdOf(p, ours, fields);
  const keys =
    oneTime === undefined ? [bundle.signedPrekey.key, kemKey] : [bundle.signedPrekey.key, kemKey, oneTime.key];
  return { agreement: { id, secret, associated: associatedData(p, id, [ours, bundle], keys) }, fields };
}

/** The responder's side; `undefined` when the initiator's keys cannot be agreed with. */
export function respond(
  p: Primitives,
  ours: OurIdentity,
  prekeys: ResponderPrekeys,
  theirs: { readonly identity: DeviceIdentity; readonly fields: InitialFields },
): Agreement | undefined {
  const { signedPrekey, kemPrekey } = prekeys;
  const { ephemeral, kemCiphertext } = theirs.fields;
  const kem = p.kemKeyPair(kemPrekey.kemSeed);
  const secret = sessionSecret(p, p.kemDecapsulate(kem.secretKey, kemCiphertext), [
    p.agree(signedPrekey.secret, theirs.identity.identity.identityKey),
    p.agree(ours.identitySecret, ephemeral),
    p.agree(signedPrekey.secret, ephemeral),
    ...(kemPrekey.kind === "one-time" ? [p.agree(kemPrekey.secret, ephemeral)] : []),
  ]);
  if (secret === undefined) return undefined;
  const id = sessionIdOf(p, theirs.identity, theirs.fields);
  const keys = [p.agreementPublicKey(signedPrekey.secret), kem.publicKey];
  if (kemPrekey.kind === "one-time") keys.push(p.agreementPublicKey(kemPrekey.secret));
  return { id, secret, associated: associatedData(p, id, [theirs.identity, ours], keys) };
}

/** Name of the session that an initial message sets up. */
export function sessionIdOf(p: Primitives, initiator: DeviceIdentity, fields: InitialFields): SessionId {
  return hashOf(p, "session-id", encode(DeviceIdentity, initiator), encode(InitialFields, fields));
}

function associatedData(
  p: Primitives,
  id: SessionId,
  [initiator, responder]: readonly [DeviceIdentity, DeviceIdentity],
  responderKeys: readonly Uint8Array[],
): Uint8Array {
  const identities = [encode(DeviceIdentity, initiator), encode(DeviceIdentity, responder)];
  return hashOf(p, "session-ad", id, ...identities, ...responderKeys);
}

/** SK; `undefined` when one of the agreements failed. */
function sessionSecret(
  p: Primitives,
  kemSecret: Uint8Array,
  agreements: readonly (Uint8Array | undefined)[],
): Uint8Array | undefined {
  const parts: Uint8Array[] = [new Uint8Array(32).fill(0xff)];
  for (const each of agreements) {
    if (each === undefined) return undefined;
    parts.push(each);
  }
  const input = concat(...parts, kemSecret);
  const secret = deriveKey(p, "pqxdh_CURVE25519_SHA-256_ML-KEM-768", p.hmac(new Uint8Array(32), input));
  input.fill(0);
  return secret;
}
