/** A device as far as letters go: secrets, certificates, a bundle. */
import { issueDeviceCertificate, issueIdentityCertificate } from "../src/crypto/device-certificate.ts";
import { lastResortPrekeyOf, makeBundle, signedPrekeyOf } from "../src/crypto/prekey-bundle.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { DeviceKey, IdentityKey, type PrekeyId, SealingKey, type TimeMs, Topic } from "../src/wire/ids.ts";
import { randomFromPool as bytes } from "./random-pool.ts";

const NOW = 1_800_000_000_000 as TimeMs;
const prekeyId = (value: number): PrekeyId => value as PrekeyId;

/** A device with its secrets and its bundle. */
export function makePairwiseDevice() {
  const [accountSeed, deviceSeed, identitySecret, sealingSecret, inboxSeed] = Array.from({ length: 5 }, () =>
    bytes(32),
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const signedPrekey = { id: prekeyId(1), secret: bytes(32) };
  const lastResort = { id: prekeyId(2), kemSeed: bytes(64) };
  const certificate = issueDeviceCertificate(p, accountSeed, DeviceKey.from(p.signingPublicKey(deviceSeed)));
  const identity = issueIdentityCertificate(p, deviceSeed, {
    identityKey: IdentityKey.from(p.agreementPublicKey(identitySecret)),
    sealingKey: SealingKey.from(p.agreementPublicKey(sealingSecret)),
    inbox: Topic.from(p.signingPublicKey(inboxSeed)),
  });
  const bundle = makeBundle(p, deviceSeed, {
    version: 1,
    certificate,
    identity,
    name: "someone",
    relays: ["/ip4/192.0.2.1/tcp/33001"],
    signedPrekey: signedPrekeyOf(p, signedPrekey),
    lastResort: lastResortPrekeyOf(p, lastResort),
    createdAt: NOW,
  });
  return {
    deviceSeed,
    ours: { certificate, identity, identitySecret },
    sealingSecret,
    signedPrekey,
    lastResort,
    bundle,
  };
}
export type PairwiseDevice = ReturnType<typeof makePairwiseDevice>;
