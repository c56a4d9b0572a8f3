/** One installation of libsignal with everything in memory, as its own examples keep it. */
import type { Opaque, Signal, SignalPublicKey } from "./peers.ts";

/** The stores and addresses that libsignal's calls take, in their order. */
export interface SignalPerson {
  readonly address: { readonly name: () => string };
  readonly sessions: object;
  readonly identities: object;
  readonly prekeys: object;
  readonly signedPrekeys: object;
  readonly kyberPrekeys: object;
  /** A bundle with a fresh one-time prekey; its secrets are in the stores. */
  readonly bundle: () => object;
  /** Forgets all sessions. */
  readonly forget: () => void;
}

const REGISTRATION = 1;
const DEVICE = 1;

/** A person under this name (a UUID). */
export function signalPerson(signal: Signal, name: string): SignalPerson {
  const identity = signal.PrivateKey.generate();
  const identityKey = identity.getPublicKey();
  const sessions = new Map<string, object>();
  const [prekeys, signedPrekeys, kyberPrekeys] = [recordMap(), recordMap(), recordMap()];
  const signed = signal.PrivateKey.generate();
  const signedSignature = identity.sign(signed.getPublicKey().serialize());
  signedPrekeys.set(1, signal.SignedPreKeyRecord.new(1, 0, signed.getPublicKey(), signed, signedSignature));
  let id = 1;
  const bundle = (): object => {
    id += 1;
    const [prekey, kyber] = [signal.PrivateKey.generate(), signal.KEMKeyPair.generate()];
    const kyberSignature = identity.sign(kyber.getPublicKey().serialize());
    prekeys.set(id, signal.PreKeyRecord.new(id, prekey.getPublicKey(), prekey));
    kyberPrekeys.set(id, signal.KyberPreKeyRecord.new(id, 0, kyber, kyberSignature));
    const oneTime = [id, prekey.getPublicKey()] as const;
    const signedFields = [1, signed.getPublicKey(), signedSignature] as const;
    const kyberFields = [id, kyber.getPublicKey(), kyberSignature] as const;
    return signal.PreKeyBundle.new(REGISTRATION, DEVICE, ...oneTime, ...signedFields, identityKey, ...kyberFields);
  };
  return {
    address: signal.ProtocolAddress.new(name, DEVICE),
    sessions: sessionStore(signal, sessions),
    identities: identityStore(signal, identity),
    prekeys: prekeyStore(signal, prekeys),
    signedPrekeys: signedPrekeyStore(signal, signedPrekeys),
    kyberPrekeys: kyberPrekeyStore(signal, kyberPrekeys),
    bundle,
    forget: () => sessions.clear(),
  };
}

const recordMap = (): Map<number, Opaque> => new Map();

function sessionStore(signal: Signal, sessions: Map<string, object>): object {
  return new (class extends (signal.SessionStore as new () => object) {
    async saveSession(name: { name: () => string }, record: object): Promise<void> {
      sessions.set(name.name(), record);
    }
    async getSession(name: { name: () => string }): Promise<object | null> {
      return sessions.get(name.name()) ?? null;
    }
    async getExistingSessions(): Promise<readonly object[]> {
      return [...sessions.values()];
    }
  })();
}

function identityStore(signal: Signal, identity: object): object {
  const known = new Map<string, SignalPublicKey>();
  return new (class extends (signal.IdentityKeyStore as new () => object) {
    async getIdentityKey(): Promise<object> {
      return identity;
    }
    async getLocalRegistrationId(): Promise<number> {
      return REGISTRATION;
    }
    async saveIdentity(name: { name: () => string }, key: SignalPublicKey): Promise<number> {
      known.set(name.name(), key);
      return 0;
    }
    async isTrustedIdentity(): Promise<boolean> {
      return true;
    }
    async getIdentity(name: { name: () => string }): Promise<SignalPublicKey | null> {
      return known.get(name.name()) ?? null;
    }
  })();
}

function prekeyStore(signal: Signal, records: Map<number, Opaque>): object {
  return new (class extends (signal.PreKeyStore as new () => object) {
    async savePreKey(id: number, record: Opaque): Promise<void> {
      records.set(id, record);
    }
    async getPreKey(id: number): Promise<Opaque | undefined> {
      return records.get(id);
    }
    async removePreKey(id: number): Promise<void> {
      records.delete(id);
    }
  })();
}

function signedPrekeyStore(signal: Signal, records: Map<number, Opaque>): object {
  return new (class extends (signal.SignedPreKeyStore as new () => object) {
    async saveSignedPreKey(id: number, record: Opaque): Promise<void> {
      records.set(id, record);
    }
    async getSignedPreKey(id: number): Promise<Opaque | undefined> {
      return records.get(id);
    }
  })();
}

function kyberPrekeyStore(signal: Signal, records: Map<number, Opaque>): object {
  return new (class extends (signal.KyberPreKeyStore as new () => object) {
    async saveKyberPreKey(id: number, record: Opaque): Promise<void> {
      records.set(id, record);
    }
    async getKyberPreKey(id: number): Promise<Opaque | undefined> {
      return records.get(id);
    }
    async markKyberPreKeyUsed(id: number): Promise<void> {
      records.delete(id);
    }
  })();
}
