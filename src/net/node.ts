/**
 * The libp2p node, as a relay and as a client run it. Every option that differs from libp2p's default says why.
 *
 * 1. A relay keeps its key; a client's key is a throwaway, new at every start, so no connection names a device.
 * 2. libp2p's connection monitor is off on both sides: it cuts healthy connections after a stall of 9 to 14 s and
 *    costs a quarter of a core at 500 clients. Heartbeats on the topic stream take its place.
 * 3. Nothing outside `src/net` sees libp2p.
 */
import "./node-shims.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPair, generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { FaultTolerance, type Libp2p, type PrivateKey } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { type TCPSocketOptions, tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import type { Multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2pOptions } from "libp2p";
import { Fault } from "../wire/fault.ts";
import { addressCrowd } from "./address-crowd.ts";
import { boundCircuits } from "./circuit-bounds.ts";
import { type HeldReport, heldBytes } from "./held-bytes.ts";
import { listenFault, requireAddresses } from "./multiaddr-text.ts";
import { boundedMuxer } from "./muxer-bounds.ts";
import { countConnectionsLinearly, cutUnusedConnections, forgetDisconnectedPeers } from "./node-workarounds.ts";
import { noiseCrypto } from "./noise-keys.ts";
import { quickPackets } from "./noise-packets.ts";
import { corkPackets } from "./socket-cork.ts";

/** Largest window of a stream (bytes): bulk stays fast, and it must be smaller than {@link READ_BUFFER_BYTES} or a paused stream is reset. */
const STREAM_WINDOW_BYTES = 2_097_152;
/** What a paused stream may hold (bytes). */
const READ_BUFFER_BYTES = 8_388_608;
/** Time a reservation lasts (ms): short, since a client that is there renews it in time. */
const RESERVATION_TTL_MS = 600_000;
/** Circuits of one relay and of one client at once; libp2p's 32 and 300 are below one busy group. */
const RELAY_CIRCUITS_MAX = 4_096;
/** Connections that are being set up at once: without a cap 2,000 clients that come back at once time each other out. */
const PENDING_CONNECTIONS_MAX = 48;
/** Of those, from one IP address: half, so that one that never ends its handshakes leaves room for others. */
const PENDING_PER_ADDRESS_MAX = PENDING_CONNECTIONS_MAX / 2;
/** Round-trip measurements of yamux (ms between two) at a relay: only the first matters, for the window. */
const RELAY_YAMUX_PING_MS = 120_000;

/** Streams that others have open on one connection to a relay: 64 that ask for prekeys, 10 more of ours, and a circuit to each peer. */
const RELAY_STREAMS_MAX = 256;
/** What all connections make a relay keep: at 6,000 of them each may have its streams and a full envelope under way. */
const HELD_MAX_BYTES = 536_870_912;

/** Connections of a client: relays, members, and strangers who ask whether we are members. */
const CLIENT_CONNECTIONS_MAX = 128;
/** New connections to a client a second from one address. */
const CLIENT_INBOUND_PER_SECOND = 50;
/** From one address to a client: members behind one router, and a stranger who wants all places. */
const CLIENT_CROWD = { connections: 32, handshakes: 8 };

/** A node of the network; `start` and `stop` may each be called once. */
export interface NetNode {
  /** Base58 text. */
  readonly peerId: string;
  /** Multihash bytes, as open proofs name it. */
  readonly peerIdBytes: Uint8Array;
  /** For `src/net` only. */
  readonly libp2p: Libp2p;
  /** Full addresses to dial, with /p2p/PeerId. Empty before the start. */
  readonly addresses: () => readonly string[];
  readonly connections: () => number;
  /** What its connections make it keep, beyond what each costs; zeros at a client. */
  readonly held: () => HeldReport;
  /** Begins to listen. `network/refused` when an address cannot be listened on, `config/invalid` when none like it can. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What a relay's operator decides. */
export interface RelayNodeOptions {
  /** 32 bytes from which the relay's Ed25519 key and so its PeerId follow. Kept secret, kept for ever. */
  readonly seed: Uint8Array;
  /** Multiaddrs as text. */
  readonly listen: readonly string[];
  /** Further addresses under which others reach this relay: a public one is never found out by itself. */
  readonly announce?: readonly string[];
  /** Default 6,000: about 800 MB of memory when all hold a reservation. */
  readonly maxConnections?: number;
  /** New connections a second from one IP address; default 500, since a company is behind one address. */
  readonly connectionsPerSecond?: number;
  /** Connections of one IP address (IPv6: of one /64) at once; default 2,000. Loopback is not counted. */
  readonly connectionsPerAddress?: number;
  /** Bytes that all connections make it keep; default 512 MiB. */
  readonly heldMaxBytes?: number;
  /** Default 10,000: more than `maxConnections`, since a client that has just gone may still count. */
  readonly maxReservations?: number;
}

/** A relay's node, not yet started: let the services `serve` it, then `start`. `config/invalid` for a malformed address or a key of another length. */
export async function createRelayNode(options: RelayNodeOptions): Promise<NetNode> {
  requireAddresses("listen", options.listen);
  requireAddresses("announce", options.announce ?? []);
  if (options.seed.length !== 32) throw new Fault("config/invalid", "the relay's key must have 32 bytes");
  const budget = heldBytes(options.heldMaxBytes ?? HELD_MAX_BYTES, () => node.getConnections());
  const node: Libp2p = await build({
    privateKey: await generateKeyPairFromSeed("Ed25519", options.seed),
    addresses: { listen: [...options.listen], appendAnnounce: [...(options.announce ?? [])] },
    transports: [overTcp()],
    streamMuxers: [boundedMuxer(yamux(RELAY_YAMUX), STREAM_WINDOW_BYTES, budget)],
    connectionManager: {
      maxConnections: options.maxConnections ?? 6_000,
      inboundConnectionThreshold: options.connectionsPerSecond ?? 500,
      maxIncomingPendingConnections: PENDING_CONNECTIONS_MAX,
    },
    connectionGater: addressCrowd({
      connections: options.connectionsPerAddress ?? 2_000,
      handshakes: PENDING_PER_ADDRESS_MAX,
    }),
    services: {
      identify: identify({ runOnConnectionOpen: false }), // clients ask us; we need nothing of them
      ping: ping(),
      circuits: circuitRelayServer({
        maxInboundHopStreams: RELAY_CIRCUITS_MAX,
        maxOutboundHopStreams: RELAY_CIRCUITS_MAX,
        maxOutboundStopStreams: RELAY_CIRCUITS_MAX,
        reservations: {
          maxReservations: options.maxReservations ?? 10_000,
          reservationTtl: RESERVATION_TTL_MS,
          applyDefaultLimit: false, // the default cuts a circuit after 2 minutes or 128 KiB and refuses our protocols
        },
      }),
    },
  });
  countConnectionsLinearly(node);
  forgetDisconnectedPeers(node);
  cutUnusedConnections(node);
  boundCircuits(node);
  return wrap(node, options.listen, budget.report);
}

/** What a client decides. */
export interface ClientNodeOptions {
  /** Addresses to listen on beside the circuits; default none. */
  readonly listen?: readonly string[];
}

/** A client's node under a new throwaway key, not yet started. */
export async function createClientNode(options: ClientNodeOptions = {}): Promise<NetNode> {
  let all: readonly Multiaddr[] = [];
  const announceFilter = (addresses: Multiaddr[]): Multiaddr[] => {
    all = addresses;
    return addresses.filter((address) => !address.toString().includes("/p2p-circuit"));
  };
  const node = await build({
    privateKey: await generateKeyPair("Ed25519"),
    // identify tells what is announced to whoever connects to us: our relays are nobody's business
    addresses: { listen: ["/p2p-circuit", ...(options.listen ?? [])], announceFilter },
    transports: [overTcp(), circuitRelayTransport()],
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL }, // a relay that is away is no reason not to start
    streamMuxers: [boundedMuxer(yamux(YAMUX), STREAM_WINDOW_BYTES)],
    connectionManager: {
      reconnectRetries: 0, // relay-link.ts dials: libp2p gives up after 30 s
      maxConnections: CLIENT_CONNECTIONS_MAX,
      inboundConnectionThreshold: CLIENT_INBOUND_PER_SECOND, // the default of 5 turns members away who share an address
    },
    // no addresses by hearsay: what is dialled is what the user or a link named, and libp2p's reconnecting has nothing to dial
    connectionGater: { ...addressCrowd(CLIENT_CROWD), filterMultiaddrForPeer: async () => false },
    services: { identify: identify(), ping: ping() },
  });
  cutUnusedConnections(node);
  const addresses = (): readonly string[] => {
    node.getMultiaddrs(); // asks the filter
    return all.map(String);
  };
  return { ...wrap(node, options.listen ?? []), addresses };
}

const YAMUX = {
  streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: READ_BUFFER_BYTES },
};

const RELAY_YAMUX = { ...YAMUX, keepAliveInterval: RELAY_YAMUX_PING_MS, maxInboundStreams: RELAY_STREAMS_MAX };

/**
 * What a socket takes before its writer has to wait (bytes): a packet of 256 KiB with its tags, where Node's default of 16 KiB
 * stops after each 64 KiB. Most of it is in the kernel at once.
 */
const SOCKET_WRITE_BYTES = 327_680;
// the types name only a few of Node's options
const SOCKET: TCPSocketOptions = { highWaterMark: SOCKET_WRITE_BYTES } as TCPSocketOptions;
const overTcp = () => tcp({ dialOpts: SOCKET, listenOpts: SOCKET });

async function build(options: Libp2pOptions & { readonly privateKey: PrivateKey }): Promise<Libp2p> {
  const node = await createLibp2p({
    start: false,
    connectionEncrypters: [quickPackets(noise({ crypto: noiseCrypto }))],
    connectionMonitor: { enabled: false },
    nodeInfo: { name: "hermes", version: "0.1.0", userAgent: "hermes/0.1.0" },
    ...options,
  });
  node.addEventListener("connection:open", ({ detail }) => corkPackets(detail));
  return node;
}

function wrap(libp2p: Libp2p, listen: readonly string[], held: NetNode["held"] = nothingHeld): NetNode {
  return {
    peerId: libp2p.peerId.toString(),
    peerIdBytes: libp2p.peerId.toMultihash().bytes,
    libp2p,
    addresses: () => libp2p.getMultiaddrs().map(String),
    connections: () => libp2p.getConnections().length,
    held,
    start: async () => {
      try {
        await libp2p.start();
      } catch (error) {
        await libp2p.stop();
        throw listenFault(listen, error);
      }
    },
    stop: async () => libp2p.stop(),
  };
}

const nothingHeld = (): HeldReport => ({ bytes: 0, maxBytes: 0, cut: 0 });
