/**
 * A stretch of concurrent entries: what each says of whom, whom it strikes, and what each has in its past. It decides nothing.
 * @see PROTOCOL.md § Membership log, Which entries count
 */
import { toHex } from "../wire/text-forms.ts";
import { accountsOf, type GroupView, isHandOver } from "./group-view.ts";
import type { LogEntry } from "./log-state.ts";

/** Entries in order of (generation, hash), what each has in its past within the stretch, and the view before it. */
export interface Stretch {
  readonly before: GroupView;
  readonly entries: readonly LogEntry[];
  /** By index into `entries`. */
  readonly parents: readonly (readonly number[])[];
  /** Entries that are too many by their account's rank. */
  readonly surplus: ReadonlySet<LogEntry>;
}

/** Rank of somebody who is no member. */
export const NO_RANK = -1;

/** What an entry takes away, if it counts. */
export interface Strike {
  readonly by: number;
  readonly cap: number;
  /** Of one's own account: what others build upon stays. */
  readonly isGentle: boolean;
}

/** What is known about a stretch before anything is decided. Indices into its entries. */
export interface Facts extends Stretch {
  /** Whose each entry is (hex). */
  readonly accounts: readonly string[];
  readonly isAfter: (later: number, earlier: number) => boolean;
  /** Statements about each account (hex), strikes by account or `account/device`, and entries that raise an account. */
  readonly about: ReadonlyMap<string, readonly number[]>;
  /** Accounts to whom the group is handed over. */
  readonly heirs: readonly string[];
  readonly strikes: ReadonlyMap<string, readonly Strike[]>;
}

/** What a stretch says, found once for all that is decided about it. */
export function factsOf(stretch: Stretch): Facts {
  const about = new Map<string, number[]>();
  const strikes = new Map<string, Strike[]>();
  for (const [i, entry] of stretch.entries.entries()) {
    for (const account of accountsOf(entry)) push(about, account, i);
    for (const { target, ...strike } of strikesBy(entry)) push(strikes, target, { by: i, ...strike });
  }
  const heirs = stretch.entries.flatMap((each) =>
    each.action.kind === "role" && isHandOver(each.action) ? [toHex(each.action.account)] : [],
  );
  const accounts = stretch.entries.map(({ account }) => toHex(account));
  return { ...stretch, accounts, isAfter: pasts(stretch), about, heirs, strikes };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function strikesBy(entry: LogEntry): readonly (Omit<Strike, "by"> & { readonly target: string })[] {
  const { action } = entry;
  const own = toHex(entry.account);
  switch (action.kind) {
    case "remove":
      return action.accounts.map((each) => ({ target: toHex(each), cap: NO_RANK, isGentle: false }));
    case "leave":
      return [{ target: own, cap: NO_RANK, isGentle: true }];
    case "unlink":
      return [{ target: `${own}/${toHex(action.device)}`, cap: NO_RANK, isGentle: false }];
    case "role": {
      if (isHandOver(action)) return [{ target: own, cap: 1, isGentle: true }];
      const target = toHex(action.account);
      return [{ target, cap: action.role, isGentle: target === own }];
    }
    default:
      return [];
  }
}

/** `isAfter(a, b)`: b is in a's past. One row of bits an entry. */
function pasts({ entries, parents }: Stretch): (later: number, earlier: number) => boolean {
  const words = (entries.length + 31) >> 5;
  const bits = new Uint32Array(words * entries.length);
  for (let i = 0; i < entries.length; i++) {
    const row = i * words;
    for (const parent of parents[i] ?? []) {
      for (let word = 0; word < words; word++)
        bits[row + word] = word32(bits, row + word) | word32(bits, parent * words + word);
      bits[row + (parent >> 5)] = word32(bits, row + (parent >> 5)) | (1 << (parent & 31));
    }
  }
  return (later, earlier) => ((word32(bits, later * words + (earlier >> 5)) >>> (earlier & 31)) & 1) === 1;
}

const word32 = (bits: Uint32Array, at: number): number => bits[at] ?? 0;
