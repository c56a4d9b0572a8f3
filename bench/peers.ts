/**
 * The packages that we are compared with. They live in bench/node_modules (bench/package.json and its lock), installed
 * by `npm ci --prefix bench`, so that neither the program nor its ordinary tests ever see them: libsignal is AGPL.
 *
 * Types are the few members that the benchmarks use, so that the tree type-checks without the packages.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, from sources as from compiled files. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));
const PEERS = join(ROOT, "bench/node_modules");
const installed = createRequire(join(ROOT, "bench/package.json"));

function rootAbove(directory: string): string {
  return existsSync(join(directory, "package-lock.json")) && existsSync(join(directory, "relay-node", "main.ts"))
    ? directory
    : rootAbove(dirname(directory));
}

export const INSTALL_PEERS = "npm ci --prefix bench";

/** Whether the peers are installed. */
export const hasPeers = (): boolean => existsSync(join(PEERS, "@signalapp/libsignal-client"));

/** An object of libsignal that we only hand around. */
export interface Opaque {
  readonly serialize: () => Uint8Array;
}
export interface SignalPublicKey extends Opaque {
  readonly equals: (other: SignalPublicKey) => boolean;
}
export interface SignalPrivateKey extends Opaque {
  readonly getPublicKey: () => SignalPublicKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
}
interface SignalKem {
  readonly getPublicKey: () => Opaque;
}
type Abstract = abstract new () => object;

/** What we use of @signalapp/libsignal-client. */
export interface Signal {
  readonly SenderKeyStore: Abstract;
  readonly SessionStore: Abstract;
  readonly IdentityKeyStore: Abstract;
  readonly PreKeyStore: Abstract;
  readonly SignedPreKeyStore: Abstract;
  readonly KyberPreKeyStore: Abstract;
  readonly ProtocolAddress: { new: (name: string, device: number) => { name: () => string } };
  readonly PrivateKey: { generate: () => SignalPrivateKey };
  readonly KEMKeyPair: { generate: () => SignalKem };
  readonly PreKeyRecord: { new: (id: number, publicKey: SignalPublicKey, secret: SignalPrivateKey) => Opaque };
  readonly SignedPreKeyRecord: { new: (...fields: readonly unknown[]) => Opaque };
  readonly KyberPreKeyRecord: { new: (...fields: readonly unknown[]) => Opaque };
  readonly PreKeyBundle: { new: (...fields: readonly unknown[]) => object };
  readonly PreKeySignalMessage: { deserialize: (bytes: Uint8Array) => object };
  readonly SignalMessage: { deserialize: (bytes: Uint8Array) => object };
  readonly SenderKeyDistributionMessage: { create: (sender: object, id: string, store: object) => Promise<object> };
  readonly processSenderKeyDistributionMessage: (sender: object, message: object, store: object) => Promise<void>;
  readonly groupEncrypt: (sender: object, id: string, store: object, message: Uint8Array) => Promise<Opaque>;
  readonly groupDecrypt: (sender: object, store: object, message: Uint8Array) => Promise<Uint8Array>;
  readonly processPreKeyBundle: (...all: readonly object[]) => Promise<void>;
  readonly signalEncrypt: (message: Uint8Array, ...all: readonly object[]) => Promise<Opaque>;
  readonly signalDecrypt: (message: object, ...all: readonly object[]) => Promise<Uint8Array>;
  readonly signalDecryptPreKey: (message: object, ...all: readonly object[]) => Promise<Uint8Array>;
}

/** What we use of @matrix-org/olm. */
export interface Olm {
  readonly init: () => Promise<void>;
  readonly OutboundGroupSession: new () => {
    create: () => void;
    session_key: () => string;
    encrypt: (text: string) => string;
  };
  readonly InboundGroupSession: new () => {
    create: (key: string) => void;
    decrypt: (text: string) => { readonly plaintext: string };
  };
}

/** One connection of @nats-io/transport-node. */
export interface NatsConnection {
  readonly publish: (subject: string, data: Uint8Array) => void;
  readonly subscribe: (
    subject: string,
    options: { readonly callback: (error: Error | null, message: { readonly data: Uint8Array }) => void },
  ) => unknown;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What we use of a gossipsub service. */
export interface Gossip {
  readonly subscribe: (topic: string) => void;
  readonly publish: (topic: string, data: Uint8Array) => Promise<unknown>;
  readonly getSubscribers: (topic: string) => readonly unknown[];
  readonly addEventListener: (
    type: "message",
    listener: (event: { readonly detail: { readonly data: Uint8Array } }) => void,
  ) => void;
}

export const loadSignal = (): Signal => installed("@signalapp/libsignal-client") as Signal;
export const loadOlm = (): Olm => installed("@matrix-org/olm") as Olm;
export const loadNats = (): { connect: (options: object) => Promise<NatsConnection> } =>
  installed("@nats-io/transport-node");
export const loadGossipsub = (): { gossipsub: (options: object) => (components: object) => Gossip } =>
  installed(join(PEERS, "@libp2p/gossipsub/dist/src/index.js"));

/** Somebody's key package. */
export interface MlsKeys {
  readonly publicPackage: object;
  readonly privatePackage: object;
}
/** A group as one member has it. */
export interface MlsState {
  readonly ratchetTree: object;
}
/** Algorithms of a group. */
export type MlsSuite = object & { readonly name?: string };

/** What we use of ts-mls. */
export interface Mls {
  readonly getCiphersuiteFromName: (name: string) => object;
  readonly getCiphersuiteImpl: (suite: object) => Promise<MlsSuite>;
  readonly defaultCapabilities: () => object;
  readonly defaultLifetime: object;
  readonly emptyPskIndex: object;
  readonly generateKeyPackage: (...all: readonly unknown[]) => Promise<MlsKeys>;
  readonly createGroup: (...all: readonly unknown[]) => Promise<MlsState>;
  readonly joinGroup: (...all: readonly unknown[]) => Promise<MlsState>;
  readonly createCommit: (
    context: { readonly state: MlsState; readonly cipherSuite: MlsSuite },
    options: { readonly extraProposals: readonly object[]; readonly ratchetTreeExtension?: boolean },
  ) => Promise<{ readonly newState: MlsState; readonly commit: object; readonly welcome: object | undefined }>;
  readonly createApplicationMessage: (
    state: MlsState,
    message: Uint8Array,
    suite: MlsSuite,
  ) => Promise<{ readonly newState: MlsState; readonly privateMessage: object }>;
  readonly processPrivateMessage: (...all: readonly unknown[]) => Promise<{ readonly newState: MlsState }>;
  readonly encodeMlsMessage: (message: object) => Uint8Array;
  readonly decodeMlsMessage: (
    encoded: Uint8Array,
    offset: number,
  ) => readonly [{ readonly privateMessage?: object }, number] | undefined;
}

export const loadMls = (): Mls => installed(join(PEERS, "ts-mls/dist/src/index.js")) as Mls;
