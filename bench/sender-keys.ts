/**
 * Group messages: sealing and opening with a sender key, against libsignal's sender keys and Megolm.
 *
 * Ours is what src/crypto does for one message (chain step, payload, signature, header). What the relay asks for on top,
 * the topic's signature, is a row of its own, and so are bursts: as many messages as one signature may cover, for each of
 * which the peers sign anew. All keep their state in memory.
 */
import { coreHash, epochKeys, frontierHash, rootSecret } from "../src/crypto/epoch-secrets.ts";
import {
  checkSignature,
  openHeader,
  openPayload,
  sealGroupMessage,
  sealPayload,
  signPayloads,
} from "../src/crypto/group-message.ts";
import { noblePrimitives } from "../src/crypto/noble-primitives.ts";
import type { Primitives } from "../src/crypto/primitives.ts";
import { messageKeyAt, nextMessageKey, openChain, ownChainOf, peerChainOf } from "../src/crypto/sender-chain.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import { signEnvelope } from "../src/protocol/topic-envelope.ts";
import { ENVELOPE_KIND } from "../src/wire/envelope.ts";
import type { GroupPlaintext } from "../src/wire/group-message.ts";
import { DeviceKey, EntryHash, GroupId, Nonce, type TimeMs } from "../src/wire/ids.ts";
import { BURST_MESSAGES_MAX } from "../src/wire/limits.ts";
import { loadOlm, loadSignal, type Olm, type Signal } from "./peers.ts";
import { randomFromPool as bytes } from "./random-pool.ts";
import { atLeast, type Benchmark, perSecond, type Row } from "./row.ts";
import { type Contestant, takeTurns } from "./turns.ts";

const SIZES = [
  ["100 B", 100],
  ["1 KiB", 1_024],
  ["16 KiB", 16_384],
] as const;

const NOW = 1_800_000_000_000 as TimeMs;

/** A chain of ours: what seals and what opens, each call the next message. */
function ourChain(p: Primitives, text: string) {
  const group = GroupId.from(bytes(32));
  const frontier = frontierHash(p, group, [EntryHash.from(bytes(32))]);
  const epoch = epochKeys(p, rootSecret(p, bytes(32), coreHash(p, bytes(32))), frontier);
  const { epochId, headerKey } = epoch;
  const deviceSeed = bytes(32);
  const device = DeviceKey.from(p.signingPublicKey(deviceSeed));
  const opened = openChain(p, epoch.senderTree, { epochId, device, index: 0 });
  if (opened === undefined) throw new Error("a fresh tree has every chain");
  let own = ownChainOf(opened.chainKey);
  let peer = peerChainOf(opened.chainKey);
  const content = { kind: "text", text } as const;
  const plaintext: GroupPlaintext = { version: 1, frontier: [], depth: 7, closures: [], sentAt: NOW, content };
  const author = { group, epochId, device, headerKey, index: 0, deviceSeed };
  const nextSealing = () => {
    const { messageKey, iteration, next } = nextMessageKey(p, own);
    own = next;
    const nonces = { header: Nonce.from(bytes(24)), message: Nonce.from(bytes(24)) };
    // field by field: copying `author` and adding to it takes the engine as long as sealing 1 KiB
    return { group, epochId, device, headerKey, index: 0, deviceSeed, iteration, messageKey, nonces };
  };
  const seal = (): Uint8Array => sealGroupMessage(p, nextSealing(), plaintext).body;
  const sealBurst = (): readonly Uint8Array[] => {
    const payloads = Array.from({ length: BURST_MESSAGES_MAX }, () => sealPayload(p, nextSealing(), plaintext));
    return signPayloads(p, author, payloads);
  };
  const open = (body: Uint8Array): void => {
    const header = openHeader(p, headerKey, epochId, body);
    if (typeof header === "string") throw new Error(header);
    const place = { group, epochId, device, iteration: header.iteration };
    if (checkSignature(p, place, header) === "forged") throw new Error("forged");
    const answer = messageKeyAt(p, peer, header.iteration, NOW);
    if (answer.kind !== "key") throw new Error(answer.kind);
    if (typeof openPayload(p, answer.key, place, header) === "string") throw new Error("not opened");
    peer = answer.next;
  };
  const envelope = (): Uint8Array => signEnvelope(p, epoch, ENVELOPE_KIND.message, seal());
  return { seal, sealBurst, open, envelope };
}

function repeated(name: string, once: () => void): Contestant {
  return {
    name,
    prepare: async (times) => () => {
      for (let i = 0; i < times; i++) once();
    },
  };
}

/** Messages of full bursts, sealed and opened: `times` is rounded up to whole ones. */
function bursts({ sealBurst, open }: ReturnType<typeof ourChain>): readonly [Contestant, Contestant] {
  const whole = (times: number) => Math.ceil(times / BURST_MESSAGES_MAX);
  const seals: Contestant = {
    name: "ours, bursts",
    prepare: async (times) => () => {
      for (let i = 0; i < whole(times); i++) sealBurst();
    },
    counted: (times) => whole(times) * BURST_MESSAGES_MAX,
  };
  const opens: Contestant = {
    ...seals,
    prepare: async (times) => {
      const bodies = Array.from({ length: whole(times) }, sealBurst).flat();
      return () => bodies.forEach(open);
    },
  };
  return [seals, opens];
}

/** Opens what was sealed before the clock started. */
function opening(name: string, seal: () => Uint8Array, open: (body: Uint8Array) => void): Contestant {
  return {
    name,
    prepare: async (times) => {
      const bodies = Array.from({ length: times }, seal);
      return () => bodies.forEach(open);
    },
  };
}

function senderKeyStore(signal: Signal): object {
  const records = new Map<string, object>();
  return new (class extends (signal.SenderKeyStore as new () => object) {
    async saveSenderKey(_sender: object, id: string, record: object): Promise<void> {
      records.set(id, record);
    }
    async getSenderKey(_sender: object, id: string): Promise<object | null> {
      return records.get(id) ?? null;
    }
  })();
}

const DISTRIBUTION = "d1d1d1d1-7000-11eb-b32a-33b8a8a487a6";

async function signalChain(signal: Signal, text: Uint8Array): Promise<readonly [Contestant, Contestant]> {
  const sender = signal.ProtocolAddress.new("9d0652a3-dcc3-4d11-975f-74d61598733f", 1);
  const [ours, theirs] = [senderKeyStore(signal), senderKeyStore(signal)];
  const distribution = await signal.SenderKeyDistributionMessage.create(sender, DISTRIBUTION, ours);
  await signal.processSenderKeyDistributionMessage(sender, distribution, theirs);
  const seal = async (): Promise<Uint8Array> =>
    (await signal.groupEncrypt(sender, DISTRIBUTION, ours, text)).serialize();
  const encrypt: Contestant = {
    name: "libsignal",
    prepare: async (times) => {
      const run = async (): Promise<void> => {
        for (let i = 0; i < times; i++) await seal();
        // the next contestant to open must not find a gap: what was sealed here is opened by nobody
      };
      return run;
    },
  };
  const fresh = await signalPair(signal, sender);
  const decrypt: Contestant = {
    name: "libsignal",
    prepare: async (times) => {
      const bodies: Uint8Array[] = [];
      for (let i = 0; i < times; i++)
        bodies.push((await signal.groupEncrypt(sender, DISTRIBUTION, fresh.ours, text)).serialize());
      return async () => {
        for (const body of bodies) await signal.groupDecrypt(sender, fresh.theirs, body);
      };
    },
  };
  return [encrypt, decrypt];
}

async function signalPair(signal: Signal, sender: object) {
  const [ours, theirs] = [senderKeyStore(signal), senderKeyStore(signal)];
  const distribution = await signal.SenderKeyDistributionMessage.create(sender, DISTRIBUTION, ours);
  await signal.processSenderKeyDistributionMessage(sender, distribution, theirs);
  return { ours, theirs };
}

function megolm(olm: Olm, text: string): readonly [Contestant, Contestant] {
  const [sealing, both] = [new olm.OutboundGroupSession(), new olm.OutboundGroupSession()];
  sealing.create();
  both.create();
  const inbound = new olm.InboundGroupSession();
  inbound.create(both.session_key());
  const encrypt = repeated("Megolm", () => sealing.encrypt(text));
  const decrypt: Contestant = {
    name: "Megolm",
    prepare: async (times) => {
      const bodies = Array.from({ length: times }, () => both.encrypt(text));
      return () => {
        for (const body of bodies) inbound.decrypt(body);
      };
    },
  };
  return [encrypt, decrypt];
}

/** Different ones, because a check remembers the last few. */
const FLOOR_SIGNATURES = 64;

/** The least that any message of this kind costs with these primitives: one signature, one encryption. */
function floor(p: Primitives, size: number): readonly [Contestant, Contestant] {
  const [seed, key, nonce, aad, text] = [bytes(32), bytes(32), bytes(24), bytes(100), bytes(size)];
  const [signed, publicKey, sealed] = [bytes(200), p.signingPublicKey(seed), p.seal(key, nonce, aad, text)];
  const signatures = Array.from({ length: FLOOR_SIGNATURES }, () => {
    const message = bytes(200);
    return { message, signature: p.sign(seed, message) };
  });
  let next = 0;
  const seal = (): void => {
    p.sign(seed, signed);
    p.seal(key, nonce, aad, text);
  };
  const open = (): void => {
    const { message, signature } = signatures[next++ % FLOOR_SIGNATURES] ?? { message: signed, signature: signed };
    p.verify(publicKey, message, signature);
    p.open(key, nonce, aad, sealed);
  };
  return [repeated("floor", seal), repeated("floor", open)];
}

interface Peers {
  readonly signal: Signal;
  readonly olm: Olm;
}

/** Ours with one provider beside the peers: a program runs with one of them, so they are never mixed in one round. */
async function measure(p: Primitives, [sizeName, size]: (typeof SIZES)[number], peers: Peers): Promise<readonly Row[]> {
  const text = "x".repeat(size);
  const [sealing, enveloping, opened] = [ourChain(p, text), ourChain(p, text), ourChain(p, text)];
  const [burstSeal, burstOpen] = [bursts(ourChain(p, text))[0], bursts(ourChain(p, text))[1]];
  const [signalEncrypt, signalDecrypt] = await signalChain(peers.signal, new Uint8Array(Buffer.from(text)));
  const [megolmEncrypt, megolmDecrypt] = megolm(peers.olm, text);
  const seals = [repeated("ours", sealing.seal), repeated("ours, with envelope", enveloping.envelope)];
  const least = floor(p, size);
  const sealers = [...seals, burstSeal, least[0], signalEncrypt, megolmEncrypt];
  const [e = 0, full = 0, eb = 0, ef = 0, es = 0, em = 0] = await takeTurns(sealers);
  const opens = [opening("ours", opened.seal, opened.open), burstOpen, least[1]];
  const [d = 0, db = 0, df = 0, ds = 0, dm = 0] = await takeTurns([...opens, signalDecrypt, megolmDecrypt]);
  const isTargeted = p.provider === "native";
  const [encrypt, decrypt] = [`encrypt ${sizeName}, ${p.provider}`, `decrypt ${sizeName}, ${p.provider}`];
  return [
    row(encrypt, e, ["libsignal", es], isTargeted ? 2.5 : undefined),
    row(`${encrypt}, burst`, eb, ["libsignal", es], isTargeted ? 4 : undefined),
    row(encrypt, e, ["Megolm", em]),
    row(`${encrypt}, + relay envelope`, full, ["libsignal without", es]),
    row(`${encrypt}, only signature + AEAD`, ef, ["libsignal", es]),
    row(decrypt, d, ["libsignal", ds], isTargeted ? 1.1 : undefined),
    row(`${decrypt}, burst`, db, ["libsignal", ds], isTargeted ? 2.2 : undefined),
    row(decrypt, d, ["Megolm", dm]),
    row(`${decrypt}, only signature + AEAD`, df, ["libsignal", ds]),
  ];
}

function row(name: string, us: number, [peer, peerUs]: readonly [string, number], target?: number): Row {
  return {
    bench: "sender-keys",
    name,
    ratio: peerUs / us,
    unit: "speed",
    target: target === undefined ? undefined : atLeast(target),
    ours: perSecond(us),
    peer: `${peer} ${perSecond(peerUs)}`,
  };
}

/** Processor time of libsignal for opening one group message of so many bytes (µs). */
export async function signalDecryptUs(size: number): Promise<number> {
  const [, decrypt] = await signalChain(loadSignal(), new Uint8Array(size));
  const [us = Number.NaN] = await takeTurns([decrypt]);
  return us;
}

export const SENDER_KEYS: Benchmark = {
  name: "sender-keys",
  about: "group messages sealed and opened, against libsignal and Megolm",
  run: async (_extent, tell) => {
    const olm = loadOlm();
    await olm.init();
    const peers = { signal: loadSignal(), olm };
    for (const p of [nativePrimitives, noblePrimitives])
      for (const size of SIZES) for (const each of await measure(p, size, peers)) tell(each);
  },
};
