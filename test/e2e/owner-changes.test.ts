/**
 * Processes that own a profile in turns, while others are served by them: every listener is told every message, in order and
 * once, however the owner ends. As a campaign `HERMES_OWNER_CHANGES` says how many owners end; then processes are killed too.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import type { Session } from "../../src/cli/session.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import { type OpenedSession, openSession } from "./scene/prepared-people.ts";
import { openScene, PASSPHRASE, type Scene } from "./scene/scene.ts";
import { gatherTrio } from "./scene/trio.ts";

const CAMPAIGN_CHANGES = Number(process.env["HERMES_OWNER_CHANGES"] ?? 0);
/** Owners that end in order, in one process: cheap. */
const CHANGES = CAMPAIGN_CHANGES || 5;
const LISTENERS = 3;
/** Ms between two messages: more than it takes to read one, on a slow machine too. */
const PACE_MS = 20;

/** Numbers that somebody says one after the other, each to its own message. */
function counting(session: Session, group: string) {
  let said = 0;
  let isOver = false;
  const talking = (async () => {
    while (!isOver) {
      await session.call("send", { group, text: String(said), waitMs: 0 });
      said++;
      await pause(PACE_MS);
    }
  })();
  return {
    said: () => said,
    /** Ends it; everything is on the relay then. Answers how many there were. */
    end: async () => {
      isOver = true;
      await talking;
      assert.equal((await session.call("sync", {})).complete, true);
      return said;
    },
  };
}

/** Every number from the first to the last, once. */
function assertGapless(told: readonly number[], who: string): void {
  const breaks = told.flatMap((each, i) =>
    i > 0 && each !== (told[i - 1] ?? 0) + 1 ? [`${told[i - 1]} then ${each}`] : [],
  );
  assert.deepEqual(breaks, [], who);
}

describe("owners of a profile in turns", function () {
  this.timeout(4 * PATIENCE_MS + CHANGES * 5_000);
  let scene: Scene;
  let ana: Person;
  let ben: OpenedSession;
  let group: string;

  before(async () => {
    scene = await openScene();
    const trio = await gatherTrio(scene);
    ana = trio.people[0];
    group = trio.group;
    ben = await openSession({ directory: trio.people[1].profile, passphrase: PASSPHRASE });
  });
  after(async () => {
    await ben.end();
    await scene.end();
  });

  it("that end in order: every listener beside them is told every message once", async () => {
    const listen = async () => {
      const opened = await openSession({ directory: ana.profile, passphrase: PASSPHRASE });
      const told: number[] = [];
      let begun: () => void = () => undefined;
      let heard: () => void = () => undefined;
      const ready = new Promise<void>((resolve) => {
        begun = resolve;
      });
      opened.session
        .call(
          "listen",
          { group },
          {
            emit: (event) => {
              begun();
              if (event.event === "message") told.push(Number(event.message.text));
              heard();
            },
          },
        )
        .catch(() => undefined); // its session ends
      await ready;
      const until = (number: number) =>
        new Promise<void>((resolve) => {
          heard = () => {
            if (told.includes(number)) resolve();
          };
          heard();
        });
      return { ...opened, told, until };
    };
    const talk = counting(ben.session, group);
    const all: Awaited<ReturnType<typeof listen>>[] = [];
    for (let i = 0; i < LISTENERS; i++) all.push(await listen());
    for (let i = 0; i < CHANGES; i++) {
      const living = all.slice(-LISTENERS);
      const owners = await Promise.all(living.map(({ session }) => session.owns()));
      const owner = living[owners.indexOf(true)];
      assert(owner, "somebody owns it");
      await owner.end();
      all.splice(all.indexOf(owner), 1);
      assertGapless(owner.told, `the owner that ended as number ${i}`);
      const next = await listen();
      all.push(next);
      await next.until(talk.said());
    }
    const last = (await talk.end()) - 1;
    for (const each of all) {
      await each.until(last);
      assertGapless(each.told, "a listener that stayed");
    }
    for (const each of all) await each.end();
  });

  if (CAMPAIGN_CHANGES === 0) return;

  const numbersOf = (listener: Listener): readonly number[] =>
    listener.events().flatMap((event) => (event.event === "message" ? [Number(event.message.text)] : []));
  const untilTold = (listener: Listener, number: number) =>
    listener.until(`number ${number}`, () => (numbersOf(listener).includes(number) ? true : undefined));
  /** One after the other, so that a failure can be repeated. */
  const signalOf = (change: number): NodeJS.Signals =>
    (["SIGKILL", "SIGINT", "SIGTERM"] as const)[change % 3] ?? "SIGKILL";

  it("that are killed, with senders between them and listeners that stand still: every one is told every message once", async () => {
    const talk = counting(ben.session, group);
    const living: Listener[] = [];
    for (let i = 0; i < LISTENERS; i++) living.push(ana.listen(group));
    for (const each of living) await each.ready();
    for (let i = 0; i < CHANGES; i++) {
      const gone = living.splice(i % LISTENERS, 1);
      const [still] = living;
      if (i % 4 === 1) still?.signal("SIGSTOP");
      const sends = [0, 1, 2].map(() => ana.start(["send", group, `of ana ${i}`]));
      for (const each of gone) each.signal(signalOf(i));
      await pause((i % 10) * 60);
      sends[0]?.signal(signalOf(i + 1));
      for (const each of gone) await each.ended;
      still?.signal("SIGCONT");
      for (const each of sends) await each.ended;
      for (const each of gone) assertGapless(numbersOf(each), `ended by ${signalOf(i)} in change ${i}`);
      const next = ana.listen(group);
      living.push(next);
      await next.ready(); // it begins with what nobody has read
      await untilTold(next, talk.said());
    }
    const last = (await talk.end()) - 1;
    for (const each of living) {
      await untilTold(each, last);
      assertGapless(numbersOf(each), "a listener that stayed");
      each.signal("SIGINT");
      assert.equal((await each.ended).code, 0);
    }
  });

  it("serve listeners that are killed, one after the other: who comes next goes on where the one before ended", async () => {
    const owner = ana.listen(await ana.createGroup("quiet"));
    await owner.ready();
    const talk = counting(ben.session, group);
    let reached: number | undefined;
    for (let i = 0; i < CHANGES; i++) {
      const guest = ana.listen(group);
      await guest.ready();
      await untilTold(guest, talk.said());
      if (i % 2 === 0) {
        guest.signal("SIGSTOP");
        await pause((i % 5) * 40);
      }
      guest.signal(signalOf(i));
      guest.signal("SIGCONT");
      await guest.ended;
      const told = numbersOf(guest);
      assertGapless(told, `ended by ${signalOf(i)} in change ${i}`);
      const [first = 0] = told;
      assert(
        (reached === undefined && first >= 0) || first <= (reached ?? 0) + 1,
        `${reached}, then ${first}, change ${i}`,
      );
      reached = told.at(-1);
    }
    await talk.end();
    owner.signal("SIGINT");
    await owner.ended;
  });
});
