/** Records of a profile in memory, also by their kinds: what stands before the first slash of a key. */

const kindOf = (key: string): string => key.slice(0, key.indexOf("/") + 1);

/** A map of records that finds those under a prefix without looking at all others. */
export class RecordMap extends Map<string, Uint8Array> {
  readonly #kinds = new Map<string, Set<string>>();

  /** Made empty: the constructor of Map cannot fill what is not there yet. */
  static of(entries: Iterable<readonly [string, Uint8Array]>): RecordMap {
    const records = new RecordMap();
    for (const [key, value] of entries) records.set(key, value);
    return records;
  }

  override set(key: string, value: Uint8Array): this {
    if (!this.has(key)) {
      const kind = kindOf(key);
      const keys = this.#kinds.get(kind);
      if (keys) keys.add(key);
      else this.#kinds.set(kind, new Set([key]));
    }
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    this.#kinds.get(kindOf(key))?.delete(key);
    return super.delete(key);
  }

  /** Keys among which are all that begin so. */
  keysNear(prefix: string): Iterable<string> {
    const kind = kindOf(prefix);
    return kind === "" ? this.keys() : (this.#kinds.get(kind) ?? []);
  }
}
