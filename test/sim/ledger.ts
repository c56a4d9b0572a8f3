/**
 * What happened in a simulation, as nobody inside it can know it: who said what to whom, every secret that anybody
 * ever computed, and what went wrong. It is written while things happen; `quiescence.ts` judges at the end.
 */
import type { ProfileChanges } from "../../src/client/ports/profile.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { EPOCH, type EpochState } from "../../src/protocol/records/epoch.ts";
import { CONTRIBUTION, EARLY } from "../../src/protocol/records/key-delivery.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { OUTBOX, type OutboxState } from "../../src/protocol/records/outbox.ts";
import { decode } from "../../src/wire/encoding.ts";
import { decodeEntry, decodeEntryCore, type EntryCore } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type ReferenceLog, referenceLog } from "./reference-log.ts";
import type { SimDevice } from "./sim-device.ts";

/** Something that must never happen and did. */
export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

/** A message that a device has committed to send. */
export interface Said {
  readonly by: string;
  readonly account: string;
  /** Device key (hex). */
  readonly device: string;
  readonly group: string;
  readonly id: string;
  readonly text: string;
  readonly topic: string;
  readonly atMs: number;
  /** Devices (hex) in the epoch that it was sealed in. */
  readonly readers: ReadonlySet<string>;
  /** Devices that its author could take for those of members then. */
  readonly members: ReadonlySet<string>;
  /** Sealed anew, under another id. */
  gone: boolean;
}

/** c(head, F) as somebody was given it: hex of phi(F) and of the head. */
export interface HeldContribution {
  readonly phi: string;
  readonly head: string;
  readonly value: Uint8Array;
}

/** What one device ever had. */
export interface Knowledge {
  /** Every S(F) that one of them computed, by hex. */
  readonly secrets: Map<string, Uint8Array>;
  /** Every S(F) that a letter told it, used or not, by hex. */
  readonly given: Map<string, Uint8Array>;
  /** Every r of a root entry, by hex. */
  readonly randoms: Map<string, Uint8Array>;
  readonly contributions: HeldContribution[];
}

export interface Ledger {
  readonly said: Said[];
  readonly violations: Violation[];
  /** By device key (hex). */
  readonly known: Map<string, Knowledge>;
  /** Epochs of all devices by topic (hex). */
  readonly epochs: Map<string, EpochState>;
  /** The log of a group (hex) with everybody's entries. */
  readonly logOf: (group: string) => ReferenceLog;
  commits: number;
  /** Times (ms) at which a device went back to an old copy; the copy was made at `copiedMs`. */
  readonly restored: { readonly device: string; readonly copiedMs: number; readonly atMs: number }[];
  /** Tells whose account (hex) and device key (hex) a device of the simulation has. */
  readonly introduce: (name: string, account: string, device: string) => void;
  /** Account (hex) of a device key (hex). */
  readonly accountOf: (device: string) => string | undefined;
  readonly violate: (invariant: string, what: string) => void;
  readonly knowledgeOf: (device: string) => Knowledge;
  readonly committed: (device: SimDevice, changes: ProfileChanges, nowMs: number) => void;
}

export function newLedger(primitives: Primitives, isHostile: (device: string) => boolean): Ledger {
  const logs = new Map<string, ReferenceLog>();
  const names = new Map<string, string>();
  const accounts = new Map<string, string>();
  const texts = new Map<string, string>();
  const sayers = new Map<string, string>();
  const known = new Map<string, Knowledge>();
  const ledger: Ledger = {
    said: [],
    violations: [],
    known,
    epochs: new Map(),
    logOf: (group) => {
      const log = logs.get(group) ?? referenceLog(primitives, group);
      logs.set(group, log);
      return log;
    },
    commits: 0,
    restored: [],
    introduce: (name, account, device) => {
      if (!names.has(account)) names.set(account, name);
      accounts.set(device, account);
    },
    accountOf: (device) => accounts.get(device),
    violate: (invariant, what) => {
      ledger.violations.push({ invariant, what });
    },
    knowledgeOf: (device) => {
      const found = known.get(device) ?? {
        secrets: new Map(),
        given: new Map(),
        randoms: new Map(),
        contributions: [],
      };
      known.set(device, found);
      return found;
    },
    committed: (device, changes, nowMs) => {
      ledger.commits++;
      for (const [key, value] of changes.records) if (value) noteRecord(ledger, device, key, value);
      for (const [key, value] of changes.records) {
        const row = value && isUnder(OUTBOX, key) ? decode(OUTBOX.codec, value) : undefined;
        if (row) noteSent(ledger, device, row, { nowMs, changes });
      }
      for (const { id } of changes.removedLines) for (const each of ledger.said) if (each.id === id) each.gone = true;
      for (const line of changes.lines) {
        if (line.kind !== "text") continue;
        const where = `${line.group}/${line.id}`;
        const content = `${line.account} ${line.text}`;
        if ((texts.get(where) ?? content) !== content)
          ledger.violate("one id, one text", `${device.name} reads "${line.text}" under an id that says otherwise`);
        texts.set(where, content);
        if (line.state !== "received") sayers.set(where, device.name);
        else if (!sayers.has(where) && !isHostile(names.get(line.account) ?? ""))
          ledger.violate(
            "nobody is impersonated",
            `${device.name} reads "${line.text}", which ${line.name} never said`,
          );
      }
    },
  };
  return ledger;
}

const isUnder = (type: { readonly prefix: string }, key: string): boolean => key.startsWith(type.prefix);

function noteRecord(ledger: Ledger, device: SimDevice, key: string, value: Uint8Array): void {
  if (isUnder(EPOCH, key)) {
    const epoch = decode(EPOCH.codec, value);
    if (epoch) ledger.epochs.set(toHex(epoch.topic), epoch);
  } else if (isUnder(ENTRY, key)) {
    const saved = decode(ENTRY.codec, value);
    const [group = "", hash = ""] = key.slice(ENTRY.prefix.length).split("/");
    if (!saved) return;
    ledger.logOf(group).add(hash, saved.encoded);
  } else if (isUnder(CONTRIBUTION, key))
    noteContribution(ledger, device, key.slice(CONTRIBUTION.prefix.length), decode(CONTRIBUTION.codec, value)?.value);
  else if (isUnder(EARLY, key))
    noteContribution(ledger, device, key.slice(EARLY.prefix.length), decode(EARLY.codec, value)?.value);
}

/** `id` is group, phi and head. */
function noteContribution(ledger: Ledger, device: SimDevice, id: string, value: Uint8Array | undefined): void {
  const [, phi = "", head = ""] = id.split("/");
  if (value) ledger.knowledgeOf(toHex(device.keys.device)).contributions.push({ phi, head, value });
}

interface Moment {
  readonly nowMs: number;
  readonly changes: ProfileChanges;
}

function noteSent(ledger: Ledger, device: SimDevice, row: OutboxState, { nowMs, changes }: Moment): void {
  const { origin, topic } = row;
  if (origin.kind !== "message") return;
  const id = toHex(origin.message);
  if (ledger.said.some((each) => each.id === id)) return;
  const group = toHex(origin.group);
  const readers = new Set(device.roster(toHex(origin.epoch))?.map((each) => toHex(each.device)));
  // a commit can hold several steps: whoever was a member before or after it could be meant
  const after = entriesOf(device, group);
  const before = after.filter((each) => !changes.records.has(`${ENTRY.prefix}${group}/${each}`));
  const views = [before, after].map((entries) => ledger.logOf(group).seenWith(entries));
  const members = new Set(views.flatMap((view) => view.members.flatMap(({ devices }) => devices)));
  const by = { by: device.name, account: device.account(), device: toHex(device.keys.device) };
  const said = { ...by, group, id, text: origin.text, atMs: nowMs };
  ledger.said.push({ ...said, topic: toHex(topic), readers, members, gone: false });
  for (const each of readers)
    if (!members.has(each))
      ledger.violate("nobody writes to whom they know to be out", `${device.name} seals "${origin.text}" for others`);
}

/** The core of a saved entry. */
export function coreOf(encoded: Uint8Array): EntryCore | undefined {
  const entry = decodeEntry(encoded);
  return entry && decodeEntryCore(entry.core);
}

/** Entries (hex) that a device has taken in. */
export function entriesOf(device: SimDevice, group: string): readonly string[] {
  const prefix = `${ENTRY.prefix}${group}/`;
  const keys = [...device.profile().records.keys()].filter((key) => key.startsWith(prefix));
  return keys.map((key) => key.slice(prefix.length));
}
