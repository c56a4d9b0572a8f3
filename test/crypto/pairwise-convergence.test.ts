import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { activeRatchet } from "../../src/crypto/pairwise-session-state.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Correspondent, correspondent, read, start, write } from "./paired-devices.ts";

/** One thing that can happen to two devices and the relay between them. */
type Event =
  | { readonly kind: "send"; readonly who: 0 | 1 }
  /** The `at`-th waiting deposit arrives, is lost, or arrives and stays (to arrive again). */
  | { readonly kind: "deliver" | "lose" | "repeat"; readonly at: number }
  /** A device loses its session record. */
  | { readonly kind: "forget"; readonly who: 0 | 1 };

const who = fc.constantFrom(0 as const, 1 as const);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("send" as const), who }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("deliver" as const), at: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("lose" as const, "repeat" as const), at: fc.nat(20) }) },
);
const anyEventOrLoss: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: anyEvent },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), who }) },
);

interface Deposit {
  readonly to: 0 | 1;
  readonly body: Uint8Array;
  readonly text: string;
}

/** Two devices, the deposits on their way, and the books about them. */
class Post {
  readonly sides: readonly [Correspondent, Correspondent];
  waiting: Deposit[] = [];
  readonly opened = new Map<string, number>();
  readonly unopened: string[] = [];
  sent = 0;
  private oneTimeId = 100;

  constructor(seed: string) {
    this.sides = [correspondent(`${seed}/left`), correspondent(`${seed}/right`)];
  }

  happen(event: Event): void {
    for (const side of this.sides) side.clockMs++;
    if (event.kind === "send") this.send(event.who);
    else if (event.kind === "forget") this.forget(event.who);
    else this.move(event.kind, event.at);
  }

  /** With the session goes the memory of what was opened: of that, what still waits is opened once more. */
  private forget(who: 0 | 1): void {
    this.sides[who].session = undefined;
    for (const { to, text } of this.waiting) if (to === who) this.opened.delete(text);
  }

  send(from: 0 | 1): string {
    const to = from === 0 ? 1 : 0;
    const side = this.sides[from];
    if (side.session === undefined)
      start(side, this.sides[to], this.oneTimeId++ % 2 === 0 ? this.oneTimeId : undefined);
    const text = `${from}-${this.sent++}`;
    this.waiting.push({ to, text, body: write(side, new TextEncoder().encode(text)) });
    return text;
  }

  deliver(deposit: Deposit): void {
    const result = read(this.sides[deposit.to], deposit.body);
    if (typeof result === "string") {
      this.unopened.push(`${deposit.text}: ${result}`);
      return;
    }
    assert.equal(new TextDecoder().decode(result), deposit.text);
    this.opened.set(deposit.text, (this.opened.get(deposit.text) ?? 0) + 1);
  }

  private move(kind: "deliver" | "lose" | "repeat", at: number): void {
    const index = at % Math.max(1, this.waiting.length);
    const deposit = this.waiting[index];
    if (deposit === undefined) return;
    if (kind !== "repeat") this.waiting.splice(index, 1);
    if (kind !== "lose") this.deliver(deposit);
  }

  /** Everything that waits arrives. */
  drain(): void {
    const all = this.waiting;
    this.waiting = [];
    for (const deposit of all) this.deliver(deposit);
  }

  /** One letter each way at the same time. */
  exchange(): readonly string[] {
    const texts = [this.send(0), this.send(1)];
    this.drain();
    return texts;
  }

  assertConverged(): void {
    const ids = this.sides.map(({ session }) => session && toHex(activeRatchet(session).id));
    assert.equal(ids[0], ids[1], "both sides send on the same ratchet");
    for (const { session } of this.sides) assert.equal(session && activeRatchet(session).pending, undefined);
  }
}

describe("Two devices that both start a session", () => {
  it("send on the same ratchet after each has heard from the other", () => {
    const post = new Post("both-at-once");
    const first = post.exchange();
    const second = post.exchange();
    post.assertConverged();
    for (const text of [...first, ...second]) assert.equal(post.opened.get(text), 1);
    assert.deepEqual(post.unopened, []);
  });

  it("open each letter once and converge, whatever is lost, repeated or late", () => {
    const property = fc.property(fc.string(), fc.array(anyEvent, { maxLength: 16, size: "max" }), (seed, events) => {
      const post = new Post(seed);
      for (const event of events) post.happen(event);
      post.drain();
      const last = [post.exchange(), post.exchange(), post.exchange()].flat();
      post.assertConverged();
      for (const text of last) assert.equal(post.opened.get(text), 1);
      for (const [text, times] of post.opened) assert.equal(times, 1, text);
      for (const line of post.unopened) assert.match(line, /: duplicate$/);
    });
    fc.assert(property, { numRuns: 20 });
  }).timeout(60_000);

  it("find each other again after one has lost its session and writes first", () => {
    const property = fc.property(
      fc.string(),
      fc.array(anyEventOrLoss, { maxLength: 16, size: "max" }),
      who,
      (seed, events, loser) => {
        const post = new Post(seed);
        post.exchange();
        for (const event of events) post.happen(event);
        post.drain();
        for (const side of post.sides) side.clockMs += 10;
        post.happen({ kind: "forget", who: loser });
        post.send(loser);
        post.drain();
        post.exchange();
        const last = post.exchange();
        post.assertConverged();
        for (const text of last) assert.equal(post.opened.get(text), 1);
        for (const [text, times] of post.opened) assert.equal(times, 1, text);
      },
    );
    fc.assert(property, { numRuns: 20 });
  }).timeout(60_000);
});
