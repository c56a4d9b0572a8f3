/** The scenario of test/vectors/pairwise.json, as the twin computes it; its input is shared with the test. */
import { createHash } from "node:crypto";
import { H, publicKeyOf } from "./key-schedule-twin.ts";
import * as twin from "./pairwise-twin.ts";

/** `length` bytes that follow from their name. */
export function input(name: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash("sha256").update(`pairwise vectors/${name}/${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

export function inputDevice(name: string): twin.TwinDevice {
  const of = (part: string, length = 32) => input(`${name}/${part}`, length);
  return {
    accountSeed: of("account"),
    deviceSeed: of("device"),
    identitySecret: of("identity"),
    sealingSecret: of("sealing"),
    inboxSeed: of("inbox"),
    signedPrekeySecret: of("signed prekey"),
    lastResortSeed: of("last resort", 64),
  };
}

export const NAME = "Bøb";
export const RELAY = "/dns4/relay.example/tcp/33001";
export const ONE_TIME_ID = 7;
/** When each side joined, by its own clock. */
export const SINCE = { alice: 1_000, bob: 2_000 } as const;
export const PAYLOADS = ["hello", "hello again", "hello to you", "turned"] as const;
export const KEY_FILE_COST = { m: 8_192, t: 1 } as const;
export const PASSPHRASE = "pässword";

/** Everything in lower-case hex; of bundles and one-time prekeys, which are long, the hash H("bundle", encoding). */
export interface PairwiseVectors {
  readonly certificates: string;
  readonly bundle: string;
  readonly oneTimePrekey: string;
  readonly directoryKey: string;
  readonly sealedBundle: string;
  readonly agreement: { readonly id: string; readonly secret: string; readonly associated: string };
  readonly lastResortAgreement: { readonly id: string; readonly secret: string; readonly associated: string };
  /** Deposit bodies: Alice's first two (initial form), Bob's answer, Alice's after the turn. */
  readonly deposits: readonly string[];
  readonly keyFile: string;
}

/** What the twin computes. */
export function pairwiseVectors(): PairwiseVectors {
  const [alice, bob] = [inputDevice("alice"), inputDevice("bob")] as const;
  const bundle = twin.bundle(bob, Buffer.from(NAME), Buffer.from(RELAY));
  const oneTime = { id: ONE_TIME_ID, secret: input("one-time", 32), kemSeed: input("one-time kem", 64) };
  const account = publicKeyOf(bob.accountSeed);
  const agreed = twin.pqxdh(alice, bob, oneTime, input("start", 96));
  return {
    certificates: twin.certificates(alice).toString("hex"),
    bundle: H("bundle", bundle).toString("hex"),
    oneTimePrekey: H("bundle", twin.oneTimePrekey(bob, oneTime.id, oneTime.secret, oneTime.kemSeed)).toString("hex"),
    directoryKey: twin.directoryKey(account).toString("hex"),
    sealedBundle: H("bundle", twin.directorySealed(account, input("bundle nonce", 24), bundle)).toString("hex"),
    agreement: inHex(agreed),
    lastResortAgreement: inHex(twin.pqxdh(alice, bob, undefined, input("start", 96))),
    deposits: deposits(alice, bob, agreed),
    keyFile: twin
      .keyFile(Buffer.from(PASSPHRASE), input("data key", 32), input("key file", 40), KEY_FILE_COST)
      .toString("hex"),
  };
}

function inHex({ id, SK, AD }: twin.TwinAgreement): PairwiseVectors["agreement"] {
  return { id: id.toString("hex"), secret: SK.toString("hex"), associated: AD.toString("hex") };
}

/** `input("seal n")` is header nonce, nonce and ephemeral secret of the n-th deposit. */
function deposits(alice: twin.TwinDevice, bob: twin.TwinDevice, { AD, SK, fields }: twin.TwinAgreement): string[] {
  const { RK, HKa, NHKb } = twin.firstKeys(SK);
  const aliceFirst = input("start", 96).subarray(64);
  const alicesChain = twin.kdfRk(RK, twin.DH(aliceFirst, twin.x25519Public(bob.signedPrekeySecret)));
  const bobsSecret = input("open 0", 32);
  const bobsChain = twin.kdfRk(alicesChain.RK, twin.DH(bobsSecret, twin.x25519Public(aliceFirst)));
  const aliceNext = input("open 2", 32);
  const turnedChain = twin.kdfRk(bobsChain.RK, twin.DH(aliceNext, twin.x25519Public(bobsSecret)));

  const message = (n: number, chain: twin.TwinChain, header: { DHs: Buffer; PN: number; N: number }, since: number) =>
    twin.ratchetMessage(
      chain,
      header,
      { AD, plaintext: twin.sinceAndPayload(since, Buffer.from(PAYLOADS[n] as string)) },
      input(`seal ${n}`, 80),
    );
  const first = { CK: alicesChain.CK, HK: HKa };
  const letters = [
    [bob, twin.initialEnvelope(alice, fields, message(0, first, { DHs: aliceFirst, PN: 0, N: 0 }, SINCE.alice))],
    [bob, twin.initialEnvelope(alice, fields, message(1, first, { DHs: aliceFirst, PN: 0, N: 1 }, SINCE.alice))],
    [
      alice,
      twin.ratchetEnvelope(
        bob,
        message(2, { CK: bobsChain.CK, HK: NHKb }, { DHs: bobsSecret, PN: 0, N: 0 }, SINCE.bob),
      ),
    ],
    [
      bob,
      twin.ratchetEnvelope(
        alice,
        message(3, { CK: turnedChain.CK, HK: alicesChain.NHK }, { DHs: aliceNext, PN: 2, N: 0 }, SINCE.alice),
      ),
    ],
  ] as const;
  return letters.map(([to, envelope], n) =>
    twin.sealedBox(to, envelope, input(`seal ${n}`, 80).subarray(48)).toString("hex"),
  );
}
