/**
 * A running relay: store, key, node and services put together, and taken down in the order that loses nothing.
 *
 * 1. The store comes first: its lock keeps a second relay off the directory before anything listens.
 * 2. Services answer before the node listens, so that no early client is turned away.
 * 3. Stopping: no new requests, then the commits under way, then the database.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { networkInterfaces } from "node:os";
import { createChunkService } from "../src/net/chunk-service.ts";
import { createRelayNode, type NetNode } from "../src/net/node.ts";
import type { Rate } from "../src/net/pace.ts";
import { createPrekeyService } from "../src/net/prekey-service.ts";
import { createTopicService, type TopicService } from "../src/net/topic-service.ts";

import type { Fault } from "../src/wire/fault.ts";
import { type ChunkFiles, openChunkFiles } from "./chunk-files.ts";
import { prepareDataDirectory } from "./data-directory.ts";
import { loadIdentity } from "./identity.ts";
import { messagesFirst } from "./messages-first.ts";
import { nodeVerifier } from "./node-verifier.ts";
import { bestFirst, interfaceAddresses } from "./relay-addresses.ts";
import type { RelayLog } from "./relay-log.ts";
import { type RelayReport, watchProcess } from "./relay-report.ts";
import { openRelayStore, type RelayStore } from "./relay-store.ts";
import { type ReportPlaces, type ReportServer, serveReports, statusSocket } from "./report-server.ts";
import type { RelayConfig } from "./settings.ts";
import { type TrafficCount, trafficCount } from "./traffic-count.ts";
import { writeWatch } from "./write-watch.ts";

const DAY_MS = 86_400_000;
/** Seconds of a rate that may be used at once: people write, and come back, in bursts. */
const BURST_SECONDS = 16;
/** Between two rounds of retention, and two lines of counts in the log (ms). */
const HOUSEKEEPING_MS = 3_600_000;

/** A relay that serves. */
export interface Relay {
  /** Base58 text. */
  readonly peerId: string;
  /** Full multiaddrs, those first that most people can use. */
  readonly addresses: readonly string[];
  /** URL that answers /metrics and /health, undefined without one. */
  readonly metrics: string | undefined;
  /** Resolves with why, if the relay cannot go on by itself. */
  readonly broken: Promise<Fault>;
  /** Resolves when everything acknowledged is on disk and the database is closed. */
  readonly stop: () => Promise<void>;
}

/** Starts a relay. Throws config, storage and network faults; what had been started is stopped then. `openChunks`: for a relay that tests let lie. */
export async function startRelay(config: RelayConfig, log: RelayLog, openChunks = openChunkFiles): Promise<Relay> {
  const directory = await prepareDataDirectory(config.data);
  const store = await openRelayStore(storeOptions(config, directory));
  try {
    const chunks = await openChunks({
      directory,
      totalMaxBytes: config.chunksMaxBytes,
      fileMaxBytes: config.fileMaxBytes,
      retentionMs: config.chunkRetentionDays * DAY_MS,
    });
    if (chunks.unreadable() > 0) log("warn", "chunks-unreadable", { files: chunks.unreadable() });
    const node = await createNode(config, await loadIdentity(directory));
    return await serve({ ...config, data: directory }, log, { store, node, chunks });
  } catch (error) {
    await store.log.close();
    throw error;
  }
}

function storeOptions(config: RelayConfig, directory: string) {
  const { topicMaxBytes, inboxMaxBytes, totalMaxBytes, directoryMaxBytes, queueMaxBytes } = config;
  return {
    directory,
    maxPages: 0,
    ...{ topicMaxBytes, inboxMaxBytes, totalMaxBytes, directoryMaxBytes, queueMaxBytes },
    retentionMs: config.retentionDays * DAY_MS,
    directoryRetentionMs: config.directoryRetentionDays * DAY_MS,
  };
}

function createNode(config: RelayConfig, seed: Uint8Array): Promise<NetNode> {
  const { listen, maxConnections, connectionsPerSecond, connectionsPerAddress, maxReservations, heldMaxBytes } = config;
  const announce = [...config.announce, ...interfaceAddresses(listen, networkInterfaces())];
  return createRelayNode({
    ...{ seed, listen, announce, maxConnections, connectionsPerSecond, connectionsPerAddress, maxReservations },
    heldMaxBytes,
  });
}

interface Parts {
  readonly store: RelayStore;
  readonly node: NetNode;
  readonly chunks: ChunkFiles;
}

async function serve(config: RelayConfig, log: RelayLog, { store, node, chunks }: Parts): Promise<Relay> {
  const traffic = trafficCount(log);
  const watchWrites = writeWatch(store.log.health, log);
  const { log: topicLog, calm } = messagesFirst(store.log);
  const topics = createTopicService({
    log: topicLog,
    verifier: nodeVerifier,
    limits: { addressRate: rate(config.addressBytesPerSecond), topicRate: rate(config.topicBytesPerSecond) },
    onEvent: (event) => {
      traffic.topicEvent(event);
      if (event.kind === "appended") watchWrites();
    },
    ...(config.access === "open" ? {} : { admit: admission(config.access) }),
  });
  const prekeys = createPrekeyService({
    directory: store.directory,
    verifier: nodeVerifier,
    onEvent: traffic.prekeyEvent,
  });
  const files = createChunkService({
    store: chunks,
    verifier: nodeVerifier,
    calm,
    addressRate: rate(config.addressBytesPerSecond),
    onEvent: traffic.chunkEvent,
    ...(config.access === "open" ? {} : { admit: admission(config.access) }),
  });
  const housekeeping = keepHouse({ store, chunks }, log, () =>
    traffic.report({ ...topics.counts(), connections: node.connections() }),
  );
  let reports: ReportServer | undefined;
  const stop = async (): Promise<void> => {
    clearInterval(housekeeping);
    await reports?.close();
    await Promise.all([topics.close(), files.close()]);
    await node.stop();
    await Promise.all([store.log.close(), chunks.close()]);
  };
  try {
    await Promise.all([topics.serve(node), prekeys.serve(node), files.serve(node)]);
    await node.start();
    reports = await serveReports(reportPlaces(config, log), reporter(config, { store, node, chunks, topics, traffic }));
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = bestFirst(node.addresses(), config.announce);
  return { peerId: node.peerId, addresses, metrics: reports.url, broken: broken(store), stop };
}

function reportPlaces(config: RelayConfig, log: RelayLog): ReportPlaces {
  return {
    socket: statusSocket(config.data, process.platform),
    address: config.metrics,
    withoutSocket: (code) => log("warn", "no-status-socket", { code }),
  };
}

interface Reported extends Parts {
  readonly topics: TopicService;
  readonly traffic: TrafficCount;
}

function reporter(config: RelayConfig, { store, node, chunks, topics, traffic }: Reported): () => Promise<RelayReport> {
  const ownProcess = watchProcess();
  return async () => {
    const { writable, lagMs } = store.log.health();
    const usage = await store.usage();
    const { sessions, topics: topicsRead } = topics.counts();
    return {
      peerId: node.peerId,
      addrs: bestFirst(node.addresses(), config.announce),
      uptimeSeconds: Math.floor(process.uptime()),
      connections: node.connections(),
      held: node.held(),
      sessions,
      topicsRead,
      store: {
        ...{ writable, lagMs, topics: usage.log.topics, bytes: usage.log.bytes, maxBytes: config.totalMaxBytes },
        directorySlots: usage.directory.slots,
        directoryBytes: usage.directory.bytes,
        directoryMaxBytes: config.directoryMaxBytes,
        chunkFiles: chunks.usage().files,
        chunkBytes: chunks.usage().bytes,
        chunksMaxBytes: config.chunksMaxBytes,
      },
      traffic: traffic.sums(),
      process: ownProcess(),
    };
  };
}

function rate(perSecond: number): Rate {
  return { perSecond, burst: perSecond * BURST_SECONDS };
}

/** Compares tokens by their hashes, so that the time taken says nothing about the token. */
function admission(token: string): (offered: string) => boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  const expected = digest(token);
  return (offered) => timingSafeEqual(digest(offered), expected);
}

function keepHouse(
  { store, chunks }: Pick<Parts, "store" | "chunks">,
  log: RelayLog,
  report: () => void,
): NodeJS.Timeout {
  const purge = (): void => {
    Promise.all([store.purge(), chunks.purge()]).catch((error: Fault) =>
      log("error", "retention-failed", { code: error.code }),
    );
  };
  purge();
  return setInterval(() => {
    purge();
    report();
  }, HOUSEKEEPING_MS);
}

function broken(store: RelayStore): Promise<Fault> {
  return new Promise((resolve) => {
    store.ended.then((fault) => {
      if (fault) resolve(fault);
    });
  });
}
