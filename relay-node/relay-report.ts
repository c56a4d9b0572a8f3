/**
 * What a running relay tells its operator: one object for `hermes relay status`, the same numbers for Prometheus.
 *
 * Counts, sizes and times only: no PeerId but the relay's own, no topic, no address of a client.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { TrafficSums } from "./traffic-count.ts";

/** One look at a relay. */
export interface RelayReport {
  readonly peerId: string;
  readonly addrs: readonly string[];
  readonly uptimeSeconds: number;
  readonly connections: number;
  /** What all connections make it keep in memory, beside what each costs, and how many were cut for that. */
  readonly held: { readonly bytes: number; readonly maxBytes: number; readonly cut: number };
  /** Clients with a topic stream. */
  readonly sessions: number;
  /** Topics that somebody reads now. */
  readonly topicsRead: number;
  readonly store: {
    readonly writable: boolean;
    /** How long the oldest append under way has waited. */
    readonly lagMs: number;
    readonly topics: number;
    readonly bytes: number;
    readonly maxBytes: number;
    readonly directorySlots: number;
    readonly directoryBytes: number;
    readonly directoryMaxBytes: number;
    /** Files of which there are chunks. */
    readonly chunkFiles: number;
    readonly chunkBytes: number;
    readonly chunksMaxBytes: number;
  };
  /** Sums since the start. */
  readonly traffic: TrafficSums;
  readonly process: { readonly memoryBytes: number; readonly cpuSeconds: number; readonly eventLoopP99Ms: number };
}

/** Starts to watch the event loop; answers what {@link RelayReport.process} says at each call. */
export function watchProcess(): () => RelayReport["process"] {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return () => {
    const { user, system } = process.cpuUsage();
    const eventLoopP99Ms = Math.round(delay.percentile(99) / 1e4) / 100;
    return { memoryBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6, eventLoopP99Ms };
  };
}

/** Name, what it is, type and value of every metric. */
type Metric = readonly [string, string, "gauge" | "counter", number];

function metricsOf({ held, store, traffic, process, ...now }: RelayReport): readonly Metric[] {
  return [
    ["uptime_seconds", "Time since the relay started.", "gauge", now.uptimeSeconds],
    ["connections", "Open connections.", "gauge", now.connections],
    ["held_bytes", "Memory held for connections, beside what each costs.", "gauge", held.bytes],
    ["held_max_bytes", "Budget of that.", "gauge", held.maxBytes],
    ["held_cut_total", "Connections cut for holding too much.", "counter", held.cut],
    ["sessions", "Clients with a topic stream.", "gauge", now.sessions],
    ["topics_read", "Topics that somebody reads now.", "gauge", now.topicsRead],
    ["store_writable", "1 while envelopes can be stored.", "gauge", store.writable ? 1 : 0],
    ["store_lag_seconds", "Age of the oldest append under way.", "gauge", store.lagMs / 1_000],
    ["store_topics", "Topics in the store.", "gauge", store.topics],
    ["store_bytes", "Bytes charged for envelopes and topics.", "gauge", store.bytes],
    ["store_max_bytes", "Quota of those.", "gauge", store.maxBytes],
    ["directory_slots", "Devices in the prekey directory.", "gauge", store.directorySlots],
    ["directory_bytes", "Bytes charged for prekeys.", "gauge", store.directoryBytes],
    ["directory_max_bytes", "Quota of those.", "gauge", store.directoryMaxBytes],
    ["chunk_files", "Files of which there are chunks.", "gauge", store.chunkFiles],
    ["chunk_bytes", "Bytes of those chunks.", "gauge", store.chunkBytes],
    ["chunk_max_bytes", "Quota of those.", "gauge", store.chunksMaxBytes],
    ["envelopes_stored_total", "Envelopes stored.", "counter", traffic.stored],
    ["envelope_bytes_stored_total", "Their bytes.", "counter", traffic.storedBytes],
    ["envelopes_duplicate_total", "Envelopes that were there already.", "counter", traffic.duplicates],
    ["envelopes_refused_total", "Envelopes refused.", "counter", traffic.refused],
    ["deliveries_total", "Envelopes handed to readers as they came.", "counter", traffic.delivered],
    ["pages_sent_total", "Pages of stored envelopes sent.", "counter", traffic.pagesSent],
    ["chunk_bytes_stored_total", "Bytes of chunks that were handed in.", "counter", traffic.chunkBytesStored],
    ["chunk_bytes_sent_total", "Bytes of chunks that were fetched.", "counter", traffic.chunkBytesSent],
    ["prekey_requests_total", "Requests to the prekey directory.", "counter", traffic.prekeyRequests],
    ["memory_bytes", "Resident memory.", "gauge", process.memoryBytes],
    ["cpu_seconds_total", "Processor time used.", "counter", process.cpuSeconds],
    ["event_loop_delay_p99_seconds", "Event loop delay since the start.", "gauge", process.eventLoopP99Ms / 1_000],
  ];
}

/** The report in Prometheus' text format. */
export function metricsText(report: RelayReport): string {
  const lines = metricsOf(report).flatMap(([name, help, type, value]) => [
    `# HELP hermes_relay_${name} ${help}`,
    `# TYPE hermes_relay_${name} ${type}`,
    `hermes_relay_${name} ${value}`,
  ]);
  return `${lines.join("\n")}\n`;
}

/** What a relay of another build tells: parts may be missing. */
export type PartialReport = { readonly [Part in keyof RelayReport]?: Partial<RelayReport[Part]> };

/** The report as lines for people; a line of which something is missing is left out, and the last one says so. */
export function reportText({ held = {}, store = {}, traffic = {}, process = {}, ...now }: PartialReport): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["relay", now.peerId],
    ...(now.addrs ?? []).map((address, i) => [i === 0 ? "addresses" : "", address] as const),
    ["up for", duration(now.uptimeSeconds)],
    [
      "clients",
      told`${now.sessions} (${counted(now.connections, "connection")}, ${counted(now.topicsRead, "topic")} being read)`,
    ],
    ["in hand", told`${size(held.bytes)} of ${size(held.maxBytes)}, ${counted(held.cut, "connection")} cut for it`],
    ["store", storeState(store)],
    ["envelopes", told`${size(store.bytes)} of ${size(store.maxBytes)} in ${counted(store.topics, "topic")}`],
    [
      "prekeys",
      told`${size(store.directoryBytes)} of ${size(store.directoryMaxBytes)} for ${counted(store.directorySlots, "device")}`,
    ],
    ["files", told`${size(store.chunkBytes)} of ${size(store.chunksMaxBytes)} in ${counted(store.chunkFiles, "file")}`],
    ["since start", told`${traffic.stored} stored, ${traffic.delivered} delivered, ${traffic.refused} refused`],
    ["process", told`${size(process.memoryBytes)} of memory, event loop p99 ${process.eventLoopP99Ms} ms`],
  ];
  const missing = rows.filter(([, value]) => value === undefined).map(([name]) => name);
  const why = "this relay runs another version of Hermes than this command; restart it to see that";
  const last = missing.length === 0 ? [] : [["not told", `${missing.join(", ")} (${why})`] as const];
  return [...rows, ...last]
    .map(([name, value]) => (value === undefined ? "" : `${name.padEnd(12)}${value}\n`))
    .join("");
}

/** The text, unless a part of it is missing. */
function told(texts: TemplateStringsArray, ...parts: readonly (string | number | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : String.raw({ raw: texts }, ...parts);
}

function storeState({ writable, lagMs }: Partial<RelayReport["store"]>): string | undefined {
  if (writable === false) return "CANNOT BE WRITTEN: disk full or failing";
  if (writable === undefined || lagMs === undefined) return undefined;
  return `takes envelopes, ${Math.round(lagMs)} ms behind`;
}

function counted(count: number | undefined, what: string): string | undefined {
  return count === undefined ? undefined : `${count} ${what}${count === 1 ? "" : "s"}`;
}

function size(bytes: number | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1_024 ** power).toFixed(1))} ${units[power]}`;
}

function duration(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${Math.floor(seconds) % 60} s`;
}
