/**
 * Maps and sets of a group's view that are copied at the cost of their buckets: where branches meet, a view is copied for
 * each of them, and they differ by a few members out of thousands.
 *
 * 1. A copy and what it was made from never see each other's changes: a bucket is copied before one that others have is changed.
 * 2. They are read as any map or set is.
 */

/** Buckets: small enough for a view to be copied in a microsecond, many enough for a bucket to be small. */
const BUCKETS = 64;

/** A map by hashes and keys in lower-case hex, which are spread evenly. */
export class SharedMap<V> implements ReadonlyMap<string, V> {
  #buckets: (Map<string, V> | undefined)[] = new Array<undefined>(BUCKETS).fill(undefined);
  /** 1: nobody else has this bucket. */
  #isOwn = new Uint8Array(BUCKETS);
  #size = 0;

  copy(): SharedMap<V> {
    const copy = new SharedMap<V>();
    copy.#buckets = [...this.#buckets];
    copy.#size = this.#size;
    this.#isOwn.fill(0);
    return copy;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#buckets[bucketOf(key)]?.has(key) ?? false;
  }

  set(key: string, value: V): this {
    const bucket = this.#own(bucketOf(key));
    if (!bucket.has(key)) this.#size++;
    bucket.set(key, value);
    return this;
  }

  delete(key: string): boolean {
    if (!this.has(key)) return false;
    this.#size--;
    return this.#own(bucketOf(key)).delete(key);
  }

  /** A bucket that may be changed. */
  #own(at: number): Map<string, V> {
    const bucket = this.#isOwn[at] === 1 ? this.#buckets[at] : undefined;
    if (bucket) return bucket;
    const copy = new Map(this.#buckets[at]);
    this.#buckets[at] = copy;
    this.#isOwn[at] = 1;
    return copy;
  }

  forEach(each: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) each(value, key, this);
  }

  *entries(): Generator<[string, V], undefined, unknown> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.entries();
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.keys();
  }

  *values(): Generator<V, undefined, unknown> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.values();
  }

  [Symbol.iterator](): Generator<[string, V], undefined, unknown> {
    return this.entries();
  }
}

/** The first six bits of a hex text. */
function bucketOf(key: string): number {
  return ((digit(key.charCodeAt(0)) << 2) | (digit(key.charCodeAt(1)) >> 2)) & (BUCKETS - 1);
}

const digit = (code: number): number => (code > 57 ? code - 87 : code - 48);

/** Places in a log: a byte each, so that a copy is one of memory. */
export class Places {
  #bytes: Uint8Array;

  constructor(bytes = new Uint8Array(64)) {
    this.#bytes = bytes;
  }

  copy(): Places {
    return new Places(this.#bytes.slice());
  }

  has(place: number): boolean {
    return this.#bytes[place] === 1;
  }

  add(place: number): void {
    if (place >= this.#bytes.length) {
      const grown = new Uint8Array(2 * (place + 1));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[place] = 1;
  }

  *[Symbol.iterator](): Generator<number, undefined, unknown> {
    for (const [place, byte] of this.#bytes.entries()) if (byte === 1) yield place;
  }
}
