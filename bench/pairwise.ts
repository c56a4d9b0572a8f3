/**
 * Letters between two devices, against libsignal: starting a session, answering the start, and single messages.
 *
 * Ours includes checking the bundle's and the one-time prekey's signatures, as libsignal's does. A letter of ours is also
 * sealed to the inbox, which hides the sender (libsignal's counterpart, sealed sender, is not in its figure), so the
 * ratchet alone has rows of its own.
 */
import {
  RATCHET_DECRYPT_RANDOM_BYTES,
  RATCHET_ENCRYPT_RANDOM_BYTES,
  ratchetDecrypt,
  ratchetEncrypt,
  startAsInitiator,
  startAsResponder,
} from "../src/crypto/double-ratchet.ts";
import { SEAL_RANDOM_BYTES, START_RANDOM_BYTES, sealTo, startSession } from "../src/crypto/pairwise-session.ts";
import type { PairwiseSession } from "../src/crypto/pairwise-session-state.ts";
import { checkBundle, checkOneTimePrekey, makeOneTimePrekey } from "../src/crypto/prekey-bundle.ts";
import { neededFor, OPEN_RANDOM_BYTES, openDeposit, openFrom } from "../src/crypto/received-letter.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import type { PrekeyId, TimeMs } from "../src/wire/ids.ts";
import { type PairwiseDevice as Device, makePairwiseDevice } from "./pairwise-device.ts";
import { loadSignal, type Signal } from "./peers.ts";
import { randomFromPool as bytes } from "./random-pool.ts";
import { atLeast, type Benchmark, figure, type Row } from "./row.ts";
import { signalPerson } from "./signal-person.ts";
import { type Contestant, takeTurns } from "./turns.ts";

const NOW = 1_800_000_000_000 as TimeMs;
const prekeyId = (value: number): PrekeyId => value as PrekeyId;
/** Devices on each side of a start. */
const PEOPLE = 40;
/** Bytes of a letter: a welcome's secret and a few fields. */
const LETTER_BYTES = 200;

function makeOneTime(device: Device) {
  const secret = { id: prekeyId(3), secret: bytes(32), kemSeed: bytes(64) };
  return { secret, prekey: makeOneTimePrekey(p, device.deviceSeed, secret) };
}

/** Checks the bundle, starts a session and writes the first letter. */
function begin(from: Device, to: Device, oneTime: ReturnType<typeof makeOneTime>) {
  if (checkBundle(p, to.bundle) === "forged" || checkOneTimePrekey(p, oneTime.prekey, to.bundle) === "forged")
    throw new Error("forged");
  const theirs = { bundle: to.bundle, oneTime: oneTime.prekey };
  const session = startSession(p, from.ours, theirs, { now: NOW, random: bytes(START_RANDOM_BYTES) });
  if (session === undefined) throw new Error("the bundle is unusable");
  return letter(from, session, bytes(LETTER_BYTES));
}

function letter(from: Device, session: PairwiseSession, payload: Uint8Array) {
  const sender = from.ours.certificate.device;
  return sealTo(p, session, { payload }, { sender, random: bytes(SEAL_RANDOM_BYTES) });
}

interface Mail {
  readonly body: Uint8Array;
  readonly oneTime?: ReturnType<typeof makeOneTime>["secret"] | undefined;
  readonly session?: PairwiseSession | undefined;
}

function receive(to: Device, { body, oneTime, session }: Mail): PairwiseSession {
  const envelope = openDeposit(p, to.ours.identity.inbox, to.sealingSecret, body);
  if (envelope === undefined) throw new Error("not for us");
  const { signedPrekey } = neededFor(envelope).signedPrekey === undefined ? { signedPrekey: undefined } : to;
  const outcome = openFrom(p, { ours: to.ours, session, signedPrekey, oneTime }, envelope, {
    now: NOW,
    random: bytes(OPEN_RANDOM_BYTES),
  });
  if (outcome.kind !== "opened") throw new Error(outcome.kind);
  return outcome.session;
}

/** Both ends are of many: the check of signatures remembers the last few, and nobody writes to one person only. */
function ourStart(froms: readonly Device[], tos: readonly Device[]): readonly [Contestant, Contestant] {
  const pairAt = (i: number): readonly [Device, Device] => {
    const [from, to] = [froms[i % froms.length], tos[i % tos.length]];
    if (from === undefined || to === undefined) throw new Error("no devices");
    return [from, to];
  };
  const start: Contestant = {
    name: "ours",
    prepare: async (times) => {
      const starts = Array.from({ length: times }, (_, i) => {
        const [from, to] = pairAt(i);
        return { from, to, oneTime: makeOneTime(to) };
      });
      return () => {
        for (const { from, to, oneTime } of starts) begin(from, to, oneTime);
      };
    },
  };
  const answer: Contestant = {
    name: "ours",
    prepare: async (times) => {
      const mail = Array.from({ length: times }, (_, i) => {
        const [from, to] = pairAt(i);
        const oneTime = makeOneTime(to);
        return { to, body: begin(from, to, oneTime).depositBody, oneTime: oneTime.secret };
      });
      return () => {
        for (const { to, ...each } of mail) receive(to, each);
      };
    },
  };
  return [start, answer];
}

function signalStart(signal: Signal): readonly [Contestant, Contestant] {
  const alice = signalPerson(signal, "9d0652a3-dcc3-4d11-975f-74d61598733f");
  const bob = signalPerson(signal, "6838237d-02f6-4098-b110-698253d15961");
  const text = bytes(LETTER_BYTES);
  const begin = async (bundle: object): Promise<Uint8Array> => {
    alice.forget();
    await signal.processPreKeyBundle(bundle, bob.address, alice.address, alice.sessions, alice.identities);
    const sent = await signal.signalEncrypt(text, bob.address, alice.address, alice.sessions, alice.identities);
    return sent.serialize();
  };
  const start: Contestant = {
    name: "libsignal",
    prepare: async (times) => {
      const bundles = Array.from({ length: times }, () => bob.bundle());
      return async () => {
        for (const bundle of bundles) await begin(bundle);
      };
    },
  };
  const answer: Contestant = {
    name: "libsignal",
    prepare: async (times) => {
      const mail: Uint8Array[] = [];
      for (let i = 0; i < times; i++) mail.push(await begin(bob.bundle()));
      const { sessions, identities, prekeys, signedPrekeys, kyberPrekeys } = bob;
      const stores = [sessions, identities, prekeys, signedPrekeys, kyberPrekeys];
      return async () => {
        for (const body of mail) {
          bob.forget();
          const message = signal.PreKeySignalMessage.deserialize(body);
          await signal.signalDecryptPreKey(message, alice.address, bob.address, ...stores);
        }
      };
    },
  };
  return [start, answer];
}

/** Both ends of one ratchet, one direction: encrypt and decrypt together. */
function ourRatchet(payload: Uint8Array): Contestant {
  const [secret, prekey, associated] = [bytes(32), bytes(32), bytes(32)];
  const initiator = startAsInitiator(p, secret, p.agreementPublicKey(prekey) as never, bytes(32));
  if (initiator === undefined) throw new Error("unusable key");
  let sending = initiator;
  let receiving = startAsResponder(p, secret, prekey);
  return counted("ours", () => {
    const sealed = ratchetEncrypt(p, sending, { plaintext: payload, associated }, bytes(RATCHET_ENCRYPT_RANDOM_BYTES));
    if (sealed === undefined) throw new Error("no chain");
    sending = sealed.state;
    const random = bytes(RATCHET_DECRYPT_RANDOM_BYTES);
    const outcome = ratchetDecrypt(p, receiving, { message: sealed.message, associated }, random);
    if (outcome.kind !== "opened") throw new Error(outcome.kind);
    receiving = outcome.state;
  });
}

/** A letter there, sealed to the inbox, opened by its owner. */
function ourLetter(from: Device, to: Device, payload: Uint8Array): Contestant {
  const oneTime = makeOneTime(to);
  const first = begin(from, to, oneTime);
  const back = letter(to, receive(to, { body: first.depositBody, oneTime: oneTime.secret }), payload);
  let receiving = back.session;
  let sending = receive(from, { body: back.depositBody, session: first.session });
  return counted("ours", () => {
    const sealed = letter(from, sending, payload);
    sending = sealed.session;
    receiving = receive(to, { body: sealed.depositBody, session: receiving });
  });
}

function counted(name: string, once: () => void): Contestant {
  const prepare = async (times: number) => () => {
    for (let i = 0; i < times; i++) once();
  };
  return { name, prepare };
}

async function signalRatchet(signal: Signal, payload: Uint8Array): Promise<Contestant> {
  const alice = signalPerson(signal, "9d0652a3-dcc3-4d11-975f-74d61598733f");
  const bob = signalPerson(signal, "6838237d-02f6-4098-b110-698253d15961");
  const there = [bob.address, alice.address, alice.sessions, alice.identities];
  const here = [alice.address, bob.address, bob.sessions, bob.identities];
  await signal.processPreKeyBundle(bob.bundle(), bob.address, alice.address, alice.sessions, alice.identities);
  const first = signal.PreKeySignalMessage.deserialize((await signal.signalEncrypt(payload, ...there)).serialize());
  await signal.signalDecryptPreKey(first, ...here, bob.prekeys, bob.signedPrekeys, bob.kyberPrekeys);
  const answer = signal.SignalMessage.deserialize((await signal.signalEncrypt(payload, ...here)).serialize());
  await signal.signalDecrypt(answer, ...there);
  const prepare = async (times: number) => async () => {
    for (let i = 0; i < times; i++) {
      const sent = await signal.signalEncrypt(payload, ...there);
      await signal.signalDecrypt(signal.SignalMessage.deserialize(sent.serialize()), ...here);
    }
  };
  return { name: "libsignal", prepare };
}

function row(name: string, [ours = 0, theirs = 0]: readonly number[], target?: number): Row {
  return {
    bench: "pairwise",
    name,
    ratio: theirs / ours,
    unit: "speed",
    target: target === undefined ? undefined : atLeast(target),
    ours: `${figure(ours)} µs`,
    peer: `libsignal ${figure(theirs)} µs`,
  };
}

export const PAIRWISE: Benchmark = {
  name: "pairwise",
  about: "sessions set up and letters, against libsignal",
  run: async (_extent, tell) => {
    const signal = loadSignal();
    const [from, to] = [makePairwiseDevice(), makePairwiseDevice()];
    const payload = bytes(LETTER_BYTES);
    const [start, answer] = ourStart(
      Array.from({ length: PEOPLE }, makePairwiseDevice),
      Array.from({ length: PEOPLE }, makePairwiseDevice),
    );
    const [theirStart, theirAnswer] = signalStart(signal);
    const ratchet = await takeTurns([
      ourRatchet(payload),
      await signalRatchet(signal, payload),
      ourLetter(from, to, payload),
    ]);
    tell(row("start: bundle checked, first letter", await takeTurns([start, theirStart], 5), 0.7));
    tell(row("start received, first letter opened", await takeTurns([answer, theirAnswer], 5)));
    tell(row("ratchet message, sealed and opened", ratchet, 4));
    tell(row("letter: the same, sealed to the inbox too", [ratchet[2] ?? 0, ratchet[1] ?? 0]));
  },
};
