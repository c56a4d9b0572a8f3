/**
 * The ids of a log's topics, sorted for comparing: read from the log once, then only what is new.
 *
 * 1. Memory is bounded: beyond {@link CACHED_IDS_MAX} ids, sets that were not used for longest are forgotten; AT_ONCE are read at once.
 * 2. A topic with more than COMPARE_IDS_MAX ids is not compared: an epoch ends long before.
 */
import type { Sequence, Topic } from "../wire/ids.ts";
import { COMPARE_IDS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { IdSet } from "./set-comparison.ts";
import type { TopicLog } from "./topic-log.ts";
import { gate } from "./turn-gate.ts";

/** Room for the largest set: about 25 MB. */
const CACHED_IDS_MAX = COMPARE_IDS_MAX;
/** Sets that are read and sorted at once: each takes some 10 MB meanwhile. */
const AT_ONCE = 2;
/** Ids read at once. */
const PAGE_IDS = 4_096;

/** A topic's ids and the number up to which they were read. */
export interface TopicIds {
  readonly ids: IdSet;
  readonly head: Sequence;
}

/** Sets of ids by topic. */
export interface IdSets {
  /** Undefined: too many. */
  readonly of: (topic: Topic) => Promise<TopicIds | undefined>;
}

interface Cached extends TopicIds {
  readonly goneBefore: Sequence;
}

export function idSets(log: Pick<TopicLog, "ids">): IdSets {
  const cache = new Map<string, Cached>(); // the one used last stands last
  const turns = gate(AT_ONCE);
  return {
    of: (topic) => turns(() => read(topic)),
  };

  async function read(topic: Topic): Promise<TopicIds | undefined> {
    const key = toHex(topic);
    const set = await update(log, topic, cache.get(key));
    cache.delete(key);
    if (!set) return undefined;
    cache.set(key, set);
    let total = [...cache.values()].reduce((sum, { ids }) => sum + ids.length, 0);
    for (const [name, { ids }] of cache) {
      if (total <= CACHED_IDS_MAX || name === key) break;
      total -= ids.length;
      cache.delete(name);
    }
    return set;
  }
}

async function update(log: Pick<TopicLog, "ids">, topic: Topic, known?: Cached): Promise<Cached | undefined> {
  let head = known?.head ?? (0 as Sequence);
  const fresh: string[] = [];
  for (;;) {
    const page = await log.ids(topic, head, PAGE_IDS);
    if (known && (page.goneBefore !== known.goneBefore || page.head < head)) return update(log, topic);
    for (const { id } of page.items) fresh.push(toHex(id));
    if (fresh.length + (known?.ids.length ?? 0) > COMPARE_IDS_MAX) return undefined;
    head = page.items.at(-1)?.sequence ?? page.head;
    if (page.items.length < PAGE_IDS)
      return { ids: merged(known?.ids ?? [], fresh), head, goneBefore: page.goneBefore };
  }
}

function merged(sorted: IdSet, fresh: readonly string[]): IdSet {
  return fresh.length === 0 ? sorted : [...new Set([...sorted, ...fresh])].sort();
}
