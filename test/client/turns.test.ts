import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createStopper } from "../../src/client/stopping.ts";
import { createTurns, type Turn } from "../../src/client/turns.ts";

describe("turns", () => {
  /** Things that begin with their turn and end when they are told to. */
  function playground(most: number) {
    const turns = createTurns(most);
    const inside: string[] = [];
    const begin = (name: string) => {
      const stopper = createStopper();
      let end: () => void = () => undefined;
      const ending = new Promise<void>((resolve) => {
        end = resolve;
      });
      let own: Turn | undefined;
      const over = turns(stopper.signal, async (turn) => {
        own = turn;
        inside.push(name);
        await ending;
        inside.splice(inside.indexOf(name), 1);
      });
      const rest = async (pause: Promise<void>): Promise<void> => {
        inside.splice(inside.indexOf(name), 1);
        await own?.rest(pause);
        inside.push(name);
      };
      return { end, over, rest, stop: stopper.stop };
    };
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    return { begin, inside, settle };
  }

  it("are so many at a time, in the order of asking", async () => {
    const { begin, inside, settle } = playground(2);
    const [a, , c] = ["a", "b", "c", "d"].map((name) => begin(name));
    await settle();
    assert.deepEqual(inside, ["a", "b"]);
    a?.end();
    await settle();
    assert.deepEqual(inside, ["b", "c"]);
    c?.end();
    await settle();
    assert.deepEqual(inside, ["b", "d"]);
  });

  it("are others' while one rests, which goes on when one is free again", async () => {
    const { begin, inside, settle } = playground(1);
    const [a, b] = [begin("a"), begin("b")];
    await settle();
    let wake: () => void = () => undefined;
    const resting = a.rest(
      new Promise((resolve) => {
        wake = resolve;
      }),
    );
    await settle();
    assert.deepEqual(inside, ["b"]);
    wake();
    await settle();
    assert.deepEqual(inside, ["b"], "it waits for its turn");
    b.end();
    await resting;
    assert.deepEqual(inside, ["a"]);
    a.end();
    await a.over;
    begin("c");
    await settle();
    assert.deepEqual(inside, ["c"]);
  });

  it("are not waited for by what is stopped, be it new or at rest, and are not lost by it", async () => {
    const { begin, inside, settle } = playground(1);
    const [a, b] = [begin("a"), begin("b")];
    await settle();
    b.stop();
    await b.over;
    const c = begin("c");
    const asleep = a.rest(Promise.resolve());
    await settle();
    assert.deepEqual(inside, ["c"]);
    a.stop();
    await asleep;
    a.end();
    await a.over;
    c.end();
    await c.over;
    begin("d");
    await settle();
    assert.deepEqual(inside, ["d"]);
  });
});
