import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  checkDeviceCertificate,
  checkDeviceIdentity,
  issueDeviceCertificate,
} from "../../src/crypto/device-certificate.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import {
  checkBundle,
  checkOneTimePrekey,
  directoryKeyOf,
  openBundle,
  openOneTimePrekey,
  sealBundle,
  sealOneTimePrekey,
} from "../../src/crypto/prekey-bundle.ts";
import { DeviceIdentity, OneTimePrekey, PrekeyBundle } from "../../src/wire/bundle.ts";
import { type Codec, decode, encode } from "../../src/wire/encoding.ts";
import { AccountKey, DeviceKey } from "../../src/wire/ids.ts";
import { ADDRESS_MAX_BYTES, NAME_MAX_BYTES, RELAYS_MAX, SEALED_PREKEY_MAX_BYTES } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { makeDevice, makeOneTime, prekeyId, randomFrom } from "./paired-devices.ts";

const random = randomFrom("bundles");
const device = makeDevice(random, "Zoë");
const other = makeDevice(random);
const { bundle } = device;
const { account } = bundle.certificate;
const { prekey } = makeOneTime(random, device, 5);

/** Every value that decodes after one byte of `value`'s encoding was changed; every `step`-th byte. */
function altered<T>(codec: Codec<T>, value: T, step: number): T[] {
  const encoded = encode(codec, value);
  const out: T[] = [];
  for (let at = 0; at < encoded.length; at += step) {
    const changed = decode(codec, encoded.with(at, (encoded[at] ?? 0) ^ 4));
    if (changed !== undefined) out.push(changed);
  }
  return out;
}

describe("Device certificates", () => {
  it("hold for the account and device that they name, and for no other", () => {
    assert.equal(checkDeviceIdentity(p, device.ours), "valid");
    assert.equal(checkDeviceIdentity(p, { ...device.ours, identity: other.ours.identity }), "forged");
    const changed = altered(DeviceIdentity, device.ours, 7);
    assert(changed.length > 40);
    for (const each of changed) assert.equal(checkDeviceIdentity(p, each), "forged");
  });

  it("are not what an account signs for another purpose", () => {
    const { certificate } = device.ours;
    const swapped = { ...certificate, account: AccountKey.from(certificate.device), device: DeviceKey.from(account) };
    assert.equal(checkDeviceCertificate(p, swapped), "forged");
    const reissued = issueDeviceCertificate(p, device.accountSeed, certificate.device);
    assert.deepEqual(reissued, certificate);
  });
});

describe("A prekey bundle", () => {
  it("is valid as made, for its own account only", () => {
    assert.equal(checkBundle(p, bundle), "valid");
    assert.equal(checkBundle(p, bundle, account), "valid");
    assert.equal(checkBundle(p, bundle, other.ours.certificate.account), "forged");
  });

  it("is forged when any part of it was changed or exchanged", () => {
    for (const each of altered(PrekeyBundle, bundle, 61)) assert.equal(checkBundle(p, each), "forged");
    for (const field of ["certificate", "identity", "signedPrekey", "lastResort", "signature"] as const)
      assert.equal(checkBundle(p, { ...bundle, [field]: other.bundle[field] }), "forged", field);
    assert.equal(checkBundle(p, { ...bundle, relays: [] }), "forged");
  }).timeout(10_000);

  it("vouches for one-time prekeys of the same device", () => {
    assert.equal(checkOneTimePrekey(p, prekey, bundle), "valid");
    assert.equal(checkOneTimePrekey(p, prekey, other.bundle), "forged");
    assert.equal(checkOneTimePrekey(p, { ...prekey, id: prekeyId(6) }, bundle), "forged");
    for (const each of altered(OneTimePrekey, prekey, 301)) assert.equal(checkOneTimePrekey(p, each, bundle), "forged");
  });
});

describe("The directory's sealed form", () => {
  it("opens for who knows the account, and for nobody else", () => {
    const sealed = sealBundle(p, bundle, random(24));
    const sealedOneTime = sealOneTimePrekey(p, account, prekey, random(24));
    assert.deepEqual(openBundle(p, account, sealed), bundle);
    assert.deepEqual(openOneTimePrekey(p, account, sealedOneTime), prekey);
    assert.equal(openBundle(p, other.ours.certificate.account, sealed), undefined);
    assert.equal(openBundle(p, account, sealedOneTime), undefined);
    assert.equal(openOneTimePrekey(p, account, sealed), undefined);
    for (const at of [0, 30, sealed.length - 1])
      assert.equal(openBundle(p, account, sealed.with(at, (sealed[at] ?? 0) ^ 1)), undefined);
    assert.equal(openBundle(p, account, sealed.subarray(0, 10)), undefined);
  });

  it("shows neither account nor device nor name", () => {
    const sealed = toHex(sealBundle(p, bundle, random(24)));
    const shown = sealed + toHex(directoryKeyOf(p, account));
    for (const hidden of [account, bundle.certificate.device, bundle.identity.inbox, Buffer.from("Zoë")])
      assert(!shown.includes(toHex(hidden)));
  });

  it("fits the directory's limit when the bundle is as large as it can be", () => {
    const relays = Array.from({ length: RELAYS_MAX }, () => "a".repeat(ADDRESS_MAX_BYTES));
    const largest = { ...bundle, name: "n".repeat(NAME_MAX_BYTES), relays };
    assert(sealBundle(p, largest, random(24)).length <= SEALED_PREKEY_MAX_BYTES);
  });
});
