/**
 * A relay that was away, or came back with an empty disk, gets from its members what it lacks, once.
 *
 * 1. When a topic has been read to its end in a log for the first time, and when something was kept that did not come from
 *    there, we wait for a random time, compare, and give what only we have. A mere reconnection costs nothing.
 * 2. Whoever comes later finds nothing to do: the waiting times differ, what comes in from the relay meanwhile is not given,
 *    and whoever sees others give slows down.
 * 3. At intervals everything is compared once more, in both directions: faults lose things on either side. What was
 *    fetched so is not fetched again, though it be lacking again: it was not worth keeping.
 * 4. What a relay's log has had or been offered is not offered to that log again, so that its retention is respected; a
 *    log with another name is another log.
 */
import type { Delivery } from "../client/ports/network.ts";
import { envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { LogId, Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { comparingRounds, type LackingFetcher, lackingFetcher, type TakeLacking } from "./comparing-rounds.ts";
import type { IdSets } from "./id-sets.ts";
import type { LinkTiming } from "./link-timing.ts";
import { compareTopic, type Given, giveExtra, type Reconciled } from "./reconciliation.ts";
import type { TopicClient } from "./topic-client.ts";
import type { TopicLog } from "./topic-log.ts";
import { delay } from "./turn-gate.ts";

/** Ids that are remembered of what came, and did not come, from the relay. */
const REMEMBERED_IDS = 4_096;
/** Ids of our log read at once. */
const PAGE_IDS = 4_096;
/** Time between two parts (ms) while nobody else gives, and while others do. */
const PAUSE_MS = { least: 10, most: 2_000 } as const;
/** Before the first part one listens for so long (ms), whether somebody gives already. */
const LISTEN_MS = 100;
/** Envelopes of a part: few at first, so that it costs little when many begin at once; in the end what one frame holds of short messages. */
const PART = { least: 4, most: 256 } as const;
/** Times that a topic is begun on one connection while the relay does not answer; then the next round, or connection, does. */
const ATTEMPTS_MAX = 5;
/** How much larger each part is than the one before: each costs a round trip, to a relay that has much to do then. */
const GROWTH = 4;
/** How much longer the pause gets with each sign of others: of many who begin at once one is soon alone. */
const BACK_OFF = 8;

export interface HealingOptions {
  readonly log: Pick<TopicLog, "ids" | "get">;
  readonly sets: IdSets;
  readonly verifier: Verifier;
  readonly timing: Pick<LinkTiming, "healWithinMs" | "compareEveryMs">;
  /** The session with the relay, while there is one that we may write to. */
  readonly client: () => TopicClient | undefined;
  /** Takes what the relay has and did not deliver. */
  readonly take: TakeLacking;
  readonly signAnew?: Reconciled["signAnew"];
  readonly stopped?: () => void;
}

/** Why a topic is looked at. `doubt`: only while something of it has not come from the relay since. */
type Cause = "caught-up" | "doubt" | "round";

interface Giving {
  readonly topic: string;
  /** Ids in hex. */
  readonly pending: Set<string>;
  /** Of what we have, so many came from the relay in this pause: others give the same. */
  byOthers: number;
  /** How many we gave before it. */
  given: number;
  pauseMs: number;
  part: number;
}

/** The healing of one relay. */
export class RelayHealing {
  readonly #options: HealingOptions;
  readonly #stopping = new AbortController();
  /** Our own number up to which a log (`log topic`) was compared with ours. */
  readonly #healed = new Map<string, Sequence>();
  /** Topics to look at, by their hex. */
  readonly #planned = new Map<string, { readonly topic: Topic; readonly cause: Cause }>();
  /** Topics that the relay has let us read, by their hex. */
  readonly #read = new Map<string, Topic>();
  readonly #lacking: LackingFetcher;
  readonly #rounds: Promise<void>;
  /** Ids that came from the relay of late. */
  readonly #seen = new Set<string>();
  /** Ids that we keep and that have not come from there, with their topics in hex. */
  readonly #doubted = new Map<string, string>();
  /** Topics (hex) of which we keep something that may not be there: it came while the relay was away, or was not taken. */
  readonly #unsettled = new Set<string>();
  /** How often a topic (hex) has been begun on this connection without an answer. */
  readonly #attempts = new Map<string, number>();
  #log: LogId | undefined;
  #giving: Giving | undefined;
  #running: Promise<void> | undefined;

  constructor(options: HealingOptions) {
    this.#options = options;
    this.#lacking = lackingFetcher();
    const { compareEveryMs: everyMs } = options.timing;
    this.#rounds = comparingRounds({ everyMs, signal: this.#stopping.signal, begin: () => this.#beginRound() });
  }

  /** A topic of a group has been read to its end at the relay. */
  caughtUp(topic: Topic, log: LogId): void {
    this.#log = log;
    this.#read.set(toHex(topic), topic);
    this.#attempts.delete(toHex(topic));
    if (this.#healed.has(placeOf(log, topic)) && !this.#unsettled.has(toHex(topic))) return;
    this.#planned.set(toHex(topic), { topic, cause: "caught-up" });
    this.#running ??= this.#run();
  }

  /** Nothing of this topic is read any more. */
  forget(topic: Topic): void {
    this.#read.delete(toHex(topic));
    this.#planned.delete(toHex(topic));
    this.#attempts.delete(toHex(topic));
  }

  #beginRound(): void {
    if (this.#options.client() === undefined) return;
    for (const [name, topic] of this.#read)
      if (!this.#planned.has(name)) this.#planned.set(name, { topic, cause: "round" });
    if (this.#planned.size > 0) this.#running ??= this.#run();
  }

  /** We keep these from now on, wherever they came from. */
  kept(fresh: readonly { readonly topic: Topic; readonly envelope: Uint8Array }[]): void {
    const isThere = this.#options.client() !== undefined;
    for (const { topic, envelope } of fresh) {
      const id = toHex(envelopeId(this.#options.verifier.sha256, envelope));
      if (this.#seen.has(id)) continue;
      if (isThere) this.#doubt(topic, id);
      else this.#unsettled.add(toHex(topic)); // compared when the relay is there again
    }
    if (this.#planned.size > 0) this.#running ??= this.#run();
  }

  #doubt(topic: Topic, id: string): void {
    const name = toHex(topic);
    const isDoubt = this.#doubted.size < REMEMBERED_IDS; // else it is compared, whatever comes from there
    if (isDoubt) this.#doubted.set(id, name);
    if (!isDoubt || !this.#planned.has(name))
      this.#planned.set(name, { topic, cause: isDoubt ? "doubt" : "caught-up" });
  }

  /** The relay has these. */
  delivered({ topic, items }: Delivery): void {
    const { sha256 } = this.#options.verifier;
    const ids = items.map(({ envelope }) => toHex(envelopeId(sha256, envelope)));
    for (const id of ids) {
      this.#doubted.delete(id);
      this.#seen.add(id);
    }
    for (const id of this.#seen) {
      if (this.#seen.size <= REMEMBERED_IDS) break;
      this.#seen.delete(id); // the one added first
    }
    const giving = this.#giving;
    if (giving?.topic !== toHex(topic)) return;
    const byOthers = ids.filter((id) => giving.pending.delete(id));
    giving.byOthers += byOthers.length;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#planned.clear();
    await this.#running;
    await this.#rounds;
    this.#options.stopped?.();
  }

  async #run(): Promise<void> {
    while (this.#planned.size > 0) {
      await delay(Math.random() * this.#options.timing.healWithinMs, this.#stopping.signal);
      const due = shuffled([...this.#planned]);
      this.#planned.clear();
      for (const [name, plan] of due) {
        if (!this.#isDue(name, plan)) continue;
        this.#unsettled.add(name);
        const given = await this.#heal(plan).catch(ignore);
        if (given === "all") this.#unsettled.delete(name);
        if (given === "unanswered") this.#again(name, plan);
      }
    }
    this.#running = undefined;
  }

  /** A relay that has much to do answers late, or not in time: what was begun is not left until the next round. */
  #again(name: string, { topic }: { readonly topic: Topic }): void {
    const attempts = (this.#attempts.get(name) ?? 0) + 1;
    this.#attempts.set(name, attempts);
    if (attempts < ATTEMPTS_MAX && this.#options.client() && !this.#stopping.signal.aborted)
      this.#planned.set(name, { topic, cause: "caught-up" });
  }

  /** False when all that was in doubt has come from the relay since. */
  #isDue(name: string, { cause }: { readonly cause: Cause }): boolean {
    const doubted = [...this.#doubted].filter(([, topic]) => topic === name);
    for (const [id] of doubted) this.#doubted.delete(id);
    return !this.#stopping.signal.aborted && (cause !== "doubt" || doubted.length > 0);
  }

  async #heal({ topic, cause }: { readonly topic: Topic; readonly cause: Cause }): Promise<Given> {
    const client = this.#options.client();
    const log = this.#log;
    const ours = await this.#options.sets.of(topic);
    if (!client || !log || !ours) return "refused";
    const key = placeOf(log, topic);
    const offered = this.#healed.get(key) ?? (0 as Sequence);
    if (ours.head <= offered && cause !== "round") return "all";
    const parts = { ...this.#options, client };
    const difference = await compareTopic(parts, topic);
    if (!difference) return "unanswered";
    if (cause === "round") await this.#lacking(parts, topic, difference.lacking);
    const pending = await this.#newer(topic, offered, difference.extra);
    const giving = { topic: toHex(topic), pending, byOthers: 0, given: 0, pauseMs: LISTEN_MS, part: PART.least };
    this.#giving = giving;
    const given = await giveExtra(parts, topic, {
      pending,
      turn: () => this.#turn(giving, client),
      repeated: (count) => adjust(giving, count),
    });
    this.#giving = undefined;
    if (given === "all") this.#healed.set(key, difference.ourHead);
    return given;
  }

  /** Without what the log was offered before: what it has of that is for its retention to say. */
  async #newer(topic: Topic, offered: Sequence, extra: readonly string[]): Promise<Set<string>> {
    if (offered === 0) return new Set(extra);
    const newer = new Set<string>();
    for (let after = offered; ; ) {
      const { items } = await this.#options.log.ids(topic, after, PAGE_IDS);
      for (const { id } of items) newer.add(toHex(id));
      const last = items.at(-1);
      if (!last) break;
      after = last.sequence;
    }
    return new Set(extra.filter((id) => newer.has(id)));
  }

  /**
   * The size of the next part; 0: give up, the session is over. Whoever gives more than all others goes on; the others
   * listen for longer and longer until they hear nobody, so that one is soon alone.
   */
  async #turn(giving: Giving, client: TopicClient): Promise<number> {
    for (;;) {
      giving.byOthers = 0;
      await delay(giving.pauseMs * (0.5 + Math.random()), this.#stopping.signal);
      if (this.#stopping.signal.aborted || this.#options.client() !== client) return 0;
      if (giving.byOthers < Math.max(1, giving.given) || giving.pending.size === 0) return giving.part;
      rest(giving);
    }
  }
}

const placeOf = (log: LogId, topic: Topic): string => `${toHex(log)} ${toHex(topic)}`;

/** Somebody else gives the same. */
function rest(giving: Giving): void {
  giving.pauseMs = Math.min(PAUSE_MS.most, giving.pauseMs * BACK_OFF);
  giving.part = PART.least;
  giving.given = 0;
}

/** After a part, of which `repeated` were there already. */
function adjust(giving: Giving, repeated: number): void {
  if (2 * repeated > giving.part) {
    rest(giving);
    return;
  }
  giving.given = giving.part - repeated;
  giving.pauseMs = Math.max(PAUSE_MS.least, giving.pauseMs / 2);
  giving.part = Math.min(PART.most, giving.part * GROWTH);
}

/** Each begins with another topic, so that several are given at once. */
function shuffled<T>(items: T[]): readonly T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const other = Math.floor(Math.random() * (i + 1));
    [items[i], items[other]] = [items[other] as T, items[i] as T];
  }
  return items;
}

/** Our disk failed, or the store is closing: the next connection tries again. */
const ignore = (): Given => "refused";
