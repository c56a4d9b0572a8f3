/**
 * All entries that anybody ever took in, judged by the slow second implementation of the membership rules
 * (test/twin): who is a member for whoever has seen just these, and which key follows which.
 */
import { checkDeviceCertificate } from "../../src/crypto/device-certificate.ts";
import { entryHash } from "../../src/crypto/epoch-secrets.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { inviteProofBytes } from "../../src/protocol/log-permission.ts";
import { entrySigningBytes } from "../../src/protocol/membership-log.ts";
import {
  type Action,
  decodeEntry,
  decodeEntryCore,
  type EntryCore,
  type Member,
  type MemberDevice,
} from "../../src/wire/entry.ts";
import { type AccountKey, GroupId } from "../../src/wire/ids.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import type { TwinLog } from "../twin/membership-entries.ts";
import { emptyLog, keyHeadsBefore, type TwinView, viewOf, withEntry } from "../twin/membership-twin.ts";

/** The log of one group as the simulation knows it. */
export interface ReferenceLog {
  /** An entry that somebody took in, by its hash (hex). Parents come first. */
  readonly add: (hash: string, encoded: Uint8Array) => void;
  readonly encoded: ReadonlyMap<string, Uint8Array>;
  /** What whoever has these entries (hex) sees. Those that nobody may ever take in do not count. */
  readonly seenWith: (hashes: readonly string[]) => TwinView;
  /** K(e) of an entry (hex); `undefined` of one that nobody may ever take in. */
  readonly keyParents: (hash: string) => readonly string[] | undefined;
}

export function referenceLog(p: Primitives, group: string): ReferenceLog {
  let log: TwinLog = emptyLog;
  const encodings = new Map<string, Uint8Array>();
  const invites = new Map<string, Uint8Array>();
  const views = new Map<string, TwinView>();
  return {
    encoded: encodings,
    add: (hash, encoded) => {
      if (encodings.has(hash)) return;
      encodings.set(hash, encoded);
      const entry = decodeEntry(encoded);
      const core = entry && decodeEntryCore(entry.core);
      if (!entry || !core) return;
      if (core.action.kind === "invite") invites.set(hash, core.action.proofKey);
      const computed = toHex(entryHash(p, entry.core, entry.confirmation));
      const isSigned = p.verify(core.author, entrySigningBytes(fromHex(computed) ?? new Uint8Array()), entry.signature);
      const genuine = isSigned && computed === hash && isGenuine(p, { group, invites }, core);
      log = withEntry(log, { ...twinFields(hash, core), genuine }) ?? log;
    },
    seenWith: (hashes) => {
      const ids = new Set(hashes.filter((each) => log.has(each)));
      const name = [...ids].sort().join();
      const view = views.get(name) ?? viewOf(log, ids);
      views.set(name, view);
      return view;
    },
    keyParents: (hash) => {
      const entry = log.get(hash);
      return entry && keyHeadsBefore(log, entry.parents);
    },
  };
}

function twinFields(id: string, core: EntryCore) {
  const { author, seq, prev, parents, action } = core;
  return { id, author: toHex(author), seq, prev: prev && toHex(prev), parents: parents.map(toHex), action };
}

interface Context {
  readonly group: string;
  /** Proof keys of invites, by entry. */
  readonly invites: ReadonlyMap<string, Uint8Array>;
}

/** Certificates and proofs in it verify. */
function isGenuine(p: Primitives, context: Context, { action }: EntryCore): boolean {
  const isCertified = (account: AccountKey, { device, certificate }: MemberDevice): boolean =>
    checkDeviceCertificate(p, { account, device, signature: certificate }) === "valid";
  if (action.kind === "link") return isCertified(action.account, action.device);
  return membersIn(action).every(
    (each) => each.devices.every((device) => isCertified(each.account, device)) && isProved(p, context, each),
  );
}

const membersIn = (action: Action): readonly Member[] =>
  action.kind === "create" ? [action.founder] : action.kind === "add" ? action.members : [];

function isProved(p: Primitives, { group, invites }: Context, { account, devices, proof }: Member): boolean {
  if (!proof) return true;
  const key = invites.get(toHex(proof.invite));
  const [first] = devices;
  const id = fromHex(group);
  if (!key || !first || !id) return false;
  return p.verify(key, inviteProofBytes(GroupId.from(id), account, first.device, proof.nonce), proof.signature);
}
