/** Primitives that tell what they are used for. What they answer is what the real ones answer. */
import type { Primitives } from "../../src/crypto/primitives.ts";
import { lpAll } from "../../src/verify/transcript.ts";

/** One sealing, as the primitives see it. */
export interface Sealing {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
}

export interface PrimitivesWatch {
  readonly sealed: (sealing: Sealing) => void;
  /** Somebody computed what follows from this epoch secret, S(F). */
  readonly epochSecret: (secret: Uint8Array) => void;
  /** Somebody opened this: letters, messages, entries, records. */
  readonly opened: (plaintext: Uint8Array) => void;
  /** Somebody used this random r of a root entry. */
  readonly rootRandom: (random: Uint8Array) => void;
}

/** What HKDF-Expand is asked for when the topic is derived from S(F), up to the counter. */
const TOPIC_INFO = Buffer.from(lpAll("topic"));
const ROOT_INFO = Buffer.from(lpAll("root"));

export function watchedPrimitives(p: Primitives, watch: PrimitivesWatch): Primitives {
  return {
    ...p,
    seal: (key, nonce, aad, plaintext) => {
      watch.sealed({ key, nonce, aad, plaintext });
      return p.seal(key, nonce, aad, plaintext);
    },
    open: (key, nonce, aad, ciphertext) => {
      const plaintext = p.open(key, nonce, aad, ciphertext);
      if (plaintext) watch.opened(plaintext);
      return plaintext;
    },
    hmac: (key, data) => {
      if (data.length === TOPIC_INFO.length + 1 && beginsWith(data, TOPIC_INFO)) watch.epochSecret(key);
      else if (data.length > ROOT_INFO.length + 32 && beginsWith(data, ROOT_INFO)) watch.rootRandom(key);
      return p.hmac(key, data);
    },
  };
}

/** Whether `data` begins with these bytes; labels differ in their last ones, which are looked at first. */
export function beginsWith(data: Uint8Array, start: Uint8Array): boolean {
  if (data.length < start.length) return false;
  for (let i = start.length - 1; i >= 0; i--) if (data[i] !== start[i]) return false;
  return true;
}

/** Signatures whose verdict is remembered, for the whole process: every device checks the same ones. */
const VERDICTS_MAX = 50_000;

/** Primitives that check no signature twice. */
export function rememberingPrimitives(p: Primitives): Primitives {
  const verdicts = new Map<string, boolean>();
  return {
    ...p,
    verify: (publicKey, message, signature) => {
      const name = `${latin(publicKey)}${latin(signature)}${latin(p.sha256(message))}`;
      const known = verdicts.get(name);
      if (known !== undefined) return known;
      const verdict = p.verify(publicKey, message, signature);
      if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
      verdicts.set(name, verdict);
      return verdict;
    },
  };
}

/** ML-KEM key pairs of the whole process: a device has some hundred, and an eighth of a simulation's time would go into them. */
const KEM_KEYS = 256;

/** Primitives whose ML-KEM key pairs are some of a few; which one is the seed's. All that is sealed to them is as real as ever. */
export function fewKemKeys(p: Primitives): Primitives {
  const pairs = new Map<number, ReturnType<Primitives["kemKeyPair"]>>();
  return {
    ...p,
    kemKeyPair: (seed) => {
      const number = (seed[0] ?? 0) % KEM_KEYS;
      const pair = pairs.get(number) ?? p.kemKeyPair(new Uint8Array(seed.length).fill(number));
      pairs.set(number, pair);
      return { publicKey: pair.publicKey.slice(), secretKey: pair.secretKey.slice() };
    },
  };
}

/** Bytes as a map key: one character each. */
export const latin = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
