/**
 * Who can know which epoch's secret, without any cryptography: secrets are names, and a pool of accounts can
 * derive exactly what the key schedule lets it compute from everything any of them was ever given.
 *
 * Views and pasts are bit sets of entries, pools are bit sets of accounts. Account 0 owns the group, the next
 * ADMINS are admins, the others members; nobody's rank changes. Nothing is ever erased, which only helps the pool.
 */

export interface ModelEntry {
  readonly kind: "create" | "add" | "remove" | "rekey";
  readonly author: number;
  /** Who is added or removed; for create the bit set of founding accounts. */
  readonly target: number;
  /** All entries that the author had seen. */
  readonly past: number;
}

/** When the secret of a frontier of several heads may be used. */
export type MergeRule = "one head excludes all outsiders" | "each outsider is excluded by some head";

const ADMINS = 2;
const bit = (i: number): number => 1 << i;
const rankOf = (account: number): number => (account === 0 ? 2 : account <= ADMINS ? 1 : 0);

export class KnowledgeModel {
  readonly entries: ModelEntry[] = [];
  readonly accounts: number;
  readonly rule: MergeRule;
  readonly #members = new Map<number, number>();
  readonly #usable = new Map<string, boolean>();

  constructor(accounts: number, rule: MergeRule) {
    this.accounts = accounts;
    this.rule = rule;
  }

  /** Appends an entry and answers its number. */
  append(entry: ModelEntry): number {
    return this.entries.push(entry) - 1;
  }

  /** Whether an account with that view may write such an entry. */
  mayWrite({ kind, author, target, past }: ModelEntry): boolean {
    const members = this.membersOf(past);
    if ((members & bit(author)) === 0) return false;
    if (kind === "rekey") return true;
    if (rankOf(author) === 0) return false;
    const isMember = (members & bit(target)) !== 0;
    if (kind === "remove") return isMember && rankOf(author) > rankOf(target);
    return !isMember && rankOf(author) > rankOf(target) && this.isUsable(this.frontierOf(past));
  }

  /** Bit set of the accounts that are members, as a device sees it that has these entries. */
  membersOf(view: number): number {
    const known = this.#members.get(view);
    if (known !== undefined) return known;
    const valid = this.#numbersIn(view).filter((e) => this.#isValid(e, view));
    let members = 0;
    for (let account = 0; account < this.accounts; account++) {
      const removals = valid.filter((e) => this.#removes(e, account));
      const counts = (e: number) => this.#adds(e, account) && removals.every((r) => (this.#at(e).past & bit(r)) !== 0);
      if (valid.some(counts)) members |= bit(account);
    }
    this.#members.set(view, members);
    return members;
  }

  /** The maximal valid entries of a view. */
  frontierOf(view: number): readonly number[] {
    const valid = this.#numbersIn(view).filter((e) => this.#isValid(e, view));
    return valid.filter((e) => !valid.some((later) => (this.#at(later).past & bit(e)) !== 0));
  }

  /** Members of a frontier: of everything in its heads' past. */
  membersOfFrontier(heads: readonly number[]): number {
    return this.membersOf(heads.reduce((view, h) => view | this.#viewOf(h), 0));
  }

  /** Whether the frontier has an epoch. */
  isUsable(heads: readonly number[]): boolean {
    const key = heads.join();
    const known = this.#usable.get(key);
    if (known !== undefined) return known;
    const usable = heads.length === 1 ? this.#headIsUsable(heads[0] ?? 0) : this.#mergeIsUsable(heads);
    this.#usable.set(key, usable);
    return usable;
  }

  /** Whether the accounts of `pool` together can compute the frontier's secret. */
  canDerive(pool: number, heads: readonly number[]): boolean {
    // its members were given r, S({e}) or the contributions they lacked
    if (this.isUsable(heads) && (pool & this.membersOfFrontier(heads)) !== 0) return true;
    if (heads.length > 1) return heads.every((h) => this.canDerive(pool, [h]));
    const e = this.#at(heads[0] ?? 0);
    return e.kind === "add" && this.canDerive(pool, this.frontierOf(e.past));
  }

  #headIsUsable(h: number): boolean {
    const e = this.#at(h);
    return e.kind !== "add" || this.isUsable(this.frontierOf(e.past));
  }

  #mergeIsUsable(heads: readonly number[]): boolean {
    if (!heads.every((h) => this.isUsable([h]))) return false;
    const outside = ~this.membersOfFrontier(heads) & (bit(this.accounts) - 1);
    const admitted = heads.map((h) => this.membersOf(this.#viewOf(h)) & outside);
    return this.rule === "one head excludes all outsiders"
      ? admitted.some((each) => each === 0)
      : admitted.reduce((all, each) => all & each, outside) === 0;
  }

  /** A removal makes void what its target did that is not in the removal's past. Ranks make this well-founded. */
  #isValid(e: number, view: number): boolean {
    const entry = this.#at(e);
    if (entry.kind === "create") return true;
    if ((this.membersOf(entry.past) & bit(entry.author)) === 0) return false;
    return !this.#numbersIn(view).some(
      (r) =>
        this.#removes(r, entry.author) &&
        (entry.past & bit(r)) === 0 &&
        (this.#at(r).past & bit(e)) === 0 &&
        this.#isValid(r, view),
    );
  }

  #removes(e: number, account: number): boolean {
    const entry = this.#at(e);
    return entry.kind === "remove" && entry.target === account;
  }

  #adds(e: number, account: number): boolean {
    const entry = this.#at(e);
    if (entry.kind === "create") return (entry.target & bit(account)) !== 0;
    return entry.kind === "add" && entry.target === account;
  }

  #viewOf(h: number): number {
    return this.#at(h).past | bit(h);
  }

  #numbersIn(view: number): readonly number[] {
    return this.entries.map((_, e) => e).filter((e) => (view & bit(e)) !== 0);
  }

  #at(e: number): ModelEntry {
    const entry = this.entries[e];
    if (entry === undefined) throw new Error(`no entry ${e}`);
    return entry;
  }
}
