/** Counts what the relay's services report, for the log. Numbers only. */
import type { ChunkEvent } from "../src/net/chunk-session.ts";
import type { PrekeyServiceEvent } from "../src/net/prekey-service.ts";
import type { TopicServiceEvent } from "../src/net/topic-events.ts";
import type { LogFields, RelayLog } from "./relay-log.ts";

/** Sums since the start. */
export interface TrafficSums {
  readonly stored: number;
  readonly storedBytes: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly delivered: number;
  readonly pagesSent: number;
  readonly prekeyRequests: number;
  readonly chunkBytesStored: number;
  readonly chunkBytesSent: number;
}

/** Counts as it is told. */
export interface TrafficCount {
  readonly sums: () => TrafficSums;
  readonly topicEvent: (event: TopicServiceEvent) => void;
  readonly chunkEvent: (event: ChunkEvent) => void;
  readonly prekeyEvent: (event: PrekeyServiceEvent) => void;
  /** Writes the sums, and what is counted elsewhere, into the log. */
  readonly report: (now: LogFields) => void;
}

/** Starts at zero. Single events go to the log at level debug: at info anybody could fill the disk with them. */
export function trafficCount(log: RelayLog): TrafficCount {
  const sums = {
    stored: 0,
    storedBytes: 0,
    duplicates: 0,
    refused: 0,
    delivered: 0,
    pagesSent: 0,
    prekeyRequests: 0,
    chunkBytesStored: 0,
    chunkBytesSent: 0,
  };
  return {
    sums: () => ({ ...sums }),
    topicEvent: (event) => {
      switch (event.kind) {
        case "appended":
          sums.stored += event.stored;
          sums.storedBytes += event.bytes;
          sums.duplicates += event.duplicates;
          sums.refused += event.refused;
          if (event.refused > 0) log("debug", "append-refused", { envelopes: event.refused });
          return;
        case "fanned-out":
          sums.delivered += event.deliveries;
          return;
        case "page-sent":
          sums.pagesSent += 1;
          return;
        case "opened":
          if (event.refused > 0) log("debug", "open-refused", { topics: event.refused });
          return;
        case "session-opened":
          return log("debug", "session-opened");
        case "session-closed":
          return log("debug", "session-closed", { reason: event.reason });
      }
    },
    chunkEvent: ({ kind, bytes }) => {
      if (kind === "chunk-stored") sums.chunkBytesStored += bytes;
      else sums.chunkBytesSent += bytes;
    },
    prekeyEvent: (event) => {
      sums.prekeyRequests += 1;
      log("debug", "prekey-request", { request: event.request, answer: event.answer });
    },
    report: (now) => log("info", "traffic", { ...now, ...sums }),
  };
}
