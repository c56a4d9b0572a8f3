/**
 * Everything that a set of devices can compute together from all that any of them ever computed or was given: the
 * real key schedule, driven to its end. Entries are public to it (the worst case), secrets are not.
 */
import {
  Contribution,
  CoreHash,
  confirmation,
  contribution,
  coreHash,
  derivedSecret,
  type EpochSecret,
  epochKeys,
  FrontierHash,
  frontierHash,
  mergedSecret,
} from "../../src/crypto/epoch-secrets.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { equalBytes } from "../../src/verify/transcript.ts";
import { decodeEntry } from "../../src/wire/entry.ts";
import { EntryHash, type GroupId } from "../../src/wire/ids.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import type { Ledger } from "./ledger.ts";

/** One key entry, and the frontier it follows. */
interface Derivable {
  readonly hash: EntryHash;
  readonly core: CoreHash;
  /** conf(e), by which a guessed secret is known to be the right one. */
  readonly confirmation: Uint8Array;
  /** phi(K(e)) in hex. */
  readonly after: string;
}

/** A frontier of several heads that somebody had an epoch of. */
interface Merge {
  readonly heads: readonly EntryHash[];
  readonly phi: FrontierHash;
}

export interface Adversary {
  /** Topics (hex) of all epochs whose secret these devices (hex) can compute together. */
  readonly topicsOf: (devices: readonly string[]) => ReadonlySet<string>;
}

interface Found {
  readonly secret: Uint8Array;
  readonly heads: readonly EntryHash[];
}

export function adversary(p: Primitives, ledger: Ledger, group: GroupId): Adversary {
  const entries = derivableEntries(p, ledger, group);
  const merges = mergesOf(p, ledger, group);
  const topics = new Map<string, string>();
  const steps = new Map<string, { readonly secrets: readonly Found[]; readonly given: readonly Given[] }>();
  const topicOf = (secret: Uint8Array): string => {
    const name = toHex(secret);
    const known = topics.get(name);
    if (known !== undefined) return known;
    const { topic } = epochKeys(p, secret.slice() as EpochSecret, FrontierHash.from(new Uint8Array(32)));
    topics.set(name, toHex(topic));
    return toHex(topic);
  };
  const follow = (found: Found) => {
    const name = toHex(found.secret);
    const known = steps.get(name);
    if (known) return known;
    const made = after(p, group, found, entries, merges);
    steps.set(name, made);
    return made;
  };
  return {
    topicsOf: (devices) => {
      const reached = new Set<string>();
      const open: Found[] = [];
      const values = new Map<string, Uint8Array>();
      const knowledge = devices.flatMap((each) => ledger.known.get(each) ?? []);
      for (const { secrets, given, contributions } of knowledge) {
        for (const secret of [...secrets.values(), ...given.values()]) {
          const epoch = ledger.epochs.get(topicOf(secret));
          if (epoch && toHex(epoch.group) === toHex(group)) open.push({ secret, heads: epoch.frontier });
        }
        for (const { phi, head, value } of contributions) values.set(`${phi}/${head}`, value);
      }
      do {
        for (let found = open.pop(); found; found = open.pop()) {
          const topic = topicOf(found.secret);
          if (reached.has(topic)) continue;
          reached.add(topic);
          const { secrets, given } = follow(found);
          open.push(...secrets);
          for (const { place, value } of given) values.set(place, value);
        }
        open.push(...mergeable(p, merges, values).filter(({ secret }) => !reached.has(topicOf(secret))));
      } while (open.length > 0);
      return reached;
    },
  };
}

interface Given {
  /** Hex of phi(F) and of the head. */
  readonly place: string;
  readonly value: Uint8Array;
}

/** What follows from one secret: those of entries written right after its frontier, and its part in merges. */
function after(
  p: Primitives,
  group: GroupId,
  { secret, heads }: Found,
  entries: readonly Derivable[],
  merges: readonly Merge[],
): { readonly secrets: readonly Found[]; readonly given: readonly Given[] } {
  const phi = frontierHash(p, group, heads);
  const { forkTree } = epochKeys(p, secret.slice() as EpochSecret, phi);
  const next = entries.filter((each) => each.after === toHex(phi));
  const secrets = next.flatMap(({ hash, core, confirmation: expected }) => {
    const derived = derivedSecret(p, forkTree, core);
    const isRight = derived && equalBytes(confirmation(p, derived.secret, core), expected);
    return isRight ? [{ secret: derived.secret, heads: [hash] }] : [];
  });
  const [head, ...others] = heads;
  if (!head || others.length > 0) return { secrets, given: [] };
  const shared = merges.filter((merge) => merge.heads.some((each) => toHex(each) === toHex(head)));
  const given = shared.flatMap((merge) => {
    const value = contribution(p, forkTree, merge.phi)?.contribution;
    return value ? [{ place: `${toHex(merge.phi)}/${toHex(head)}`, value }] : [];
  });
  return { secrets, given };
}

function mergeable(p: Primitives, merges: readonly Merge[], values: ReadonlyMap<string, Uint8Array>): readonly Found[] {
  return merges.flatMap(({ heads, phi }) => {
    const parts = heads.flatMap((head) => {
      const value = values.get(`${toHex(phi)}/${toHex(head)}`);
      return value ? [{ head, contribution: Contribution.from(value.slice()) }] : [];
    });
    return parts.length === heads.length ? [{ secret: mergedSecret(p, parts, phi), heads }] : [];
  });
}

function derivableEntries(p: Primitives, ledger: Ledger, group: GroupId): readonly Derivable[] {
  const { encoded, keyParents } = ledger.logOf(toHex(group));
  const hashes = (names: readonly string[]): readonly EntryHash[] =>
    names.flatMap((name) => EntryHash.from(fromHex(name) ?? new Uint8Array()));
  return [...encoded].flatMap(([name, bytes]) => {
    const entry = decodeEntry(bytes);
    const before = keyParents(name);
    const [hash] = hashes([name]);
    if (!entry || !before || !hash) return [];
    const core = CoreHash.from(coreHash(p, entry.core));
    return [{ hash, core, confirmation: entry.confirmation, after: toHex(frontierHash(p, group, hashes(before))) }];
  });
}

function mergesOf(p: Primitives, ledger: Ledger, group: GroupId): readonly Merge[] {
  const found = [...ledger.epochs.values()].filter(({ frontier }) => frontier.length > 1);
  const own = found.filter((each) => toHex(each.group) === toHex(group));
  return own.map(({ frontier }) => ({ heads: frontier, phi: frontierHash(p, group, frontier) }));
}
