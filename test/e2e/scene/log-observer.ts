/**
 * Somebody who was given a member's keys at one moment and, later, everything that a relay has stored: opens it all, in
 * the relay's order, with the client's own code, in memory.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../src/cli/compose-profile.ts";
import { createStepQueue } from "../../../src/client/step-queue.ts";
import { HeaderKey } from "../../../src/crypto/epoch-secrets.ts";
import { openHeader } from "../../../src/crypto/group-message.ts";
import { passphraseBytes, unwrapKey } from "../../../src/crypto/key-wrap.ts";
import { nativePrimitives } from "../../../src/crypto-native/native-primitives.ts";
import { EPOCH, type EpochState } from "../../../src/protocol/records/epoch.ts";
import { openSqlite } from "../../../src/sqlite/sqlite-database.ts";
import { readKeyFile } from "../../../src/store/profile-directory.ts";
import { openProfileStore } from "../../../src/store/profile-store.ts";
import { decode } from "../../../src/wire/encoding.ts";
import { decodeEnvelope, ENVELOPE_KIND, type Envelope } from "../../../src/wire/envelope.ts";
import { LogId, type Sequence } from "../../../src/wire/ids.ts";
import { toHex } from "../../../src/wire/text-forms.ts";
import { emptyProfile, type MemoryProfile, memoryStore } from "../../sim/memory-profile.ts";
import { RecordMap } from "../../sim/record-map.ts";
import { seededRandom } from "../../sim/seeded-random.ts";

/** What the whole log of a relay says. */
export interface ReadLog {
  /** Ids of the messages that opened, in the order of the log. */
  readonly opened: readonly string[];
  /** Messages that stand in the log; more than opened where one stands twice or does not open. */
  readonly stored: number;
  /** "epoch index" (the author's place among the epoch's devices) -> iterations in the order of the log. */
  readonly chains: ReadonlyMap<string, readonly number[]>;
  readonly warnings: readonly string[];
}

export interface LogObserver {
  /** Reads all that the relay of this directory has; the relay does not run. */
  readonly read: (relayDirectory: string) => Promise<ReadLog>;
}

interface StoredEnvelope {
  readonly sequence: Sequence;
  readonly encoded: Uint8Array;
  readonly envelope: Envelope;
}

/** An observer with the keys that a profile has now; nobody has it open. */
export async function observerWith(profileDirectory: string, passphrase: string): Promise<LogObserver> {
  const unwrapped = unwrapKey(nativePrimitives, passphraseBytes(passphrase), await readKeyFile(profileDirectory));
  assert(unwrapped.kind === "unwrapped");
  const store = await openProfileStore({ directory: profileDirectory, dataKey: unwrapped.dataKey });
  const records = RecordMap.of(await store.scan("", { limit: 1_000_000 }));
  await store.close();
  return { read: (relayDirectory) => readAll({ ...emptyProfile(), records }, storedIn(relayDirectory)) };
}

/** Every envelope of a relay, in the order in which they came. */
function storedIn(relayDirectory: string): readonly StoredEnvelope[] {
  const database = openSqlite(join(relayDirectory, "relay.db"), { readonly: true });
  const rows = database.prepare("SELECT sequence, envelope FROM envelope ORDER BY arrival").all();
  database.close();
  return (rows as readonly { readonly sequence: Sequence; readonly envelope: Buffer }[]).map((row) => {
    const encoded = new Uint8Array(row.envelope);
    const envelope = decodeEnvelope(encoded);
    assert(envelope !== undefined, "the relay stored what is no envelope");
    return { sequence: row.sequence, encoded, envelope };
  });
}

async function readAll(profile: MemoryProfile, stored: readonly StoredEnvelope[]): Promise<ReadLog> {
  const warnings: string[] = [];
  const queue = createStepQueue({
    primitives: nativePrimitives,
    store: memoryStore(profile),
    clock: systemClock,
    random: seededRandom(1).bytes,
    perform: (effects) => {
      for (const effect of effects)
        if (effect.kind === "event" && effect.event.kind === "warning") warnings.push(effect.event.code);
    },
  });
  const log = LogId.from(new Uint8Array(LogId.lengthBytes));
  const known = new Set(profile.lines.keys());
  for (const { sequence, encoded, envelope } of stored)
    await queue.put({ kind: "delivered", log, topic: envelope.topic, sequence, envelope: encoded });
  await queue.close();
  const lines = [...profile.lines].filter(([key, { line }]) => !known.has(key) && line.kind === "text");
  const messages = stored.filter(({ envelope }) => envelope.kind === ENVELOPE_KIND.message);
  const chains = chainsOf(messages, epochsOf(profile));
  return { opened: lines.map(([, { line }]) => line.id), stored: messages.length, chains, warnings };
}

/** Epochs by the hex of their topic. */
function epochsOf({ records }: MemoryProfile): ReadonlyMap<string, EpochState> {
  const encoded = [...records].filter(([key]) => key.startsWith(EPOCH.prefix));
  const epochs = encoded.map(([, bytes]) => decode(EPOCH.codec, bytes)).filter((epoch) => epoch !== undefined);
  return new Map(epochs.map((epoch) => [toHex(epoch.topic), epoch]));
}

/** Where each message stands, as its header says. */
function chainsOf(
  messages: readonly StoredEnvelope[],
  epochs: ReadonlyMap<string, EpochState>,
): ReadonlyMap<string, readonly number[]> {
  const chains = new Map<string, number[]>();
  for (const { envelope } of messages) {
    const epoch = epochs.get(toHex(envelope.topic));
    assert(epoch !== undefined, "the relay has messages of an epoch whose keys the observer lacks");
    const header = openHeader(nativePrimitives, HeaderKey.from(epoch.headerKey), epoch.epoch, envelope.body);
    assert(typeof header !== "string", `a stored message is ${String(header)}`);
    const chain = `${toHex(epoch.epoch)} ${header.index}`;
    chains.set(chain, [...(chains.get(chain) ?? []), header.iteration]);
  }
  return chains;
}
