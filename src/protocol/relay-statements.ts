/**
 * Relays that contradict themselves: what shows it is kept, signed, and people are told.
 *
 * 1. What is kept is bounded by STATEMENTS_MAX; the first ones stay. One contradiction is told of once.
 * 2. The envelopes in a statement prove themselves to whoever has the group's keys. What the relay said of them it did not
 *    sign: that is the word of the device whose signature the statement has.
 *
 * @see PROTOCOL.md § Relays that do not tell the truth
 */

import { openEntry } from "../crypto/entry-box.ts";
import { HeaderKey, LogKey } from "../crypto/epoch-secrets.ts";
import { checkSignature, openHeader } from "../crypto/group-message.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { checkEnvelope } from "../verify/envelope-check.ts";
import { equalBytes, lpAll } from "../verify/transcript.ts";
import { encode } from "../wire/encoding.ts";
import { decodeEnvelope, ENVELOPE_KIND, type Envelope } from "../wire/envelope.ts";
import {
  type DeviceKey,
  type LogId,
  type MessageId,
  type Sequence,
  Signature,
  type TimeMs,
  type Topic,
} from "../wire/ids.ts";
import {
  RELAY_FAULT,
  type RelayFaultKind,
  RelayStatement,
  type SignedRelayStatement,
} from "../wire/relay-statement.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { ACCOUNT } from "./records/account.ts";
import type { EpochState } from "./records/epoch.ts";
import { STATEMENT, STATEMENTS_MAX, TOPIC } from "./records/topic.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** What the network noticed. */
export interface Contradiction {
  readonly relay: string;
  readonly log: LogId;
  readonly fault: RelayFaultKind;
  readonly topic: Topic;
  readonly sequence: Sequence;
  /** Encoded. */
  readonly envelopes: readonly Uint8Array[];
}

/** Keeps it, if there is room, and warns. */
export function* noteContradiction(work: Work, seen: Contradiction): Step<void> {
  const { relay, log, topic, sequence, envelopes } = seen;
  const id = `${toHex(log)}/${toHex(topic)}/${String(sequence).padStart(16, "0")}`;
  const use = (yield* read(work, TOPIC, toHex(topic)))?.use;
  if (use?.kind !== "epoch" || (yield* read(work, STATEMENT, id))) return;
  if ((yield* scan(work, STATEMENT, "", STATEMENTS_MAX)).length >= STATEMENTS_MAX) return;
  const { device, deviceSeed } = yield* readExisting(work, ACCOUNT);
  const fault = RELAY_FAULT[seen.fault];
  const at = work.nowMs as TimeMs;
  const statement: RelayStatement = { version: 1, device, relay, fault, log, topic, sequence, at, envelopes };
  const signature = Signature.from(work.p.sign(deviceSeed, signedBytes(statement)));
  write(work, STATEMENT, id, { statement, signature });
  announce(work, { kind: "warning", code: "relay-untrue", group: use.group, relay });
}

const signedBytes = (statement: RelayStatement): Uint8Array =>
  lpAll("relay-statement", encode(RelayStatement, statement));

/** What one envelope of a statement is. */
export type Proven =
  | { readonly kind: "message"; readonly id: MessageId; readonly device: DeviceKey }
  | { readonly kind: "entry" };

/** The keys of the topic's epoch. */
export interface StatementKeys {
  readonly epoch: EpochState;
  readonly devices: readonly { readonly device: DeviceKey }[];
}

/** What a statement proves: `forged` when anything in it is not what it should be. */
export function checkStatement(
  p: Primitives,
  { statement, signature }: SignedRelayStatement,
  { epoch, devices }: StatementKeys,
): readonly Proven[] | "forged" {
  const isMember = devices.some(({ device }) => equalBytes(device, statement.device));
  if (!isMember || !p.verify(statement.device, signedBytes(statement), signature)) return "forged";
  const proven: Proven[] = [];
  for (const encoded of statement.envelopes) {
    const envelope = decodeEnvelope(encoded);
    if (!envelope || !equalBytes(envelope.topic, epoch.topic) || !equalBytes(statement.topic, epoch.topic))
      return "forged";
    const one = checkEnvelope(p, envelope) === "valid" ? provenBy(p, envelope, { epoch, devices }) : undefined;
    if (!one) return "forged";
    proven.push(one);
  }
  return proven;
}

function provenBy(p: Primitives, { kind, body }: Envelope, { epoch, devices }: StatementKeys): Proven | undefined {
  const { epoch: epochId, group } = epoch;
  if (kind === ENVELOPE_KIND.entry) {
    const opened = openEntry(p, { logKey: LogKey.from(epoch.logKey), epochId }, body);
    return typeof opened === "string" ? undefined : { kind: "entry" };
  }
  const header = openHeader(p, HeaderKey.from(epoch.headerKey), epochId, body);
  if (kind !== ENVELOPE_KIND.message || typeof header === "string") return undefined;
  const author = devices[header.index]?.device;
  const place = author && { group, epochId, device: author, iteration: header.iteration };
  const id = place && checkSignature(p, place, header);
  return author && id && id !== "forged" ? { kind: "message", id, device: author } : undefined;
}
