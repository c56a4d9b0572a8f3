import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type CrowdMember, crowdMember } from "./scene/crowd-member.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { openScene, type Scene } from "./scene/scene.ts";

/** People who join; `npm run test:long` lets 80 in, and looks at the time they take. */
const PEOPLE = Number(process.env["HERMES_CROWD"] ?? 3);
const IS_CAMPAIGN = process.env["HERMES_CROWD"] !== undefined;
/** Median time (ms) from the call until the joiner is in, and how often the first ones' time the last ones may take. */
const MEDIAN_MAX_MS = 1_000;
const LAST_TO_FIRST_MAX = 3;
/** How many are the first and the last: one alone may have met a busy moment. */
const FEW = 5;

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * All are clients in this process with profiles on disk, the relay is a process of its own. What is measured is the call
 * `group join`: request, 250 ms in which others may come, admission, welcome with the whole log.
 */
describe("a crowd that joins one group, one after another", function () {
  this.timeout(2 * PATIENCE_MS + PEOPLE * 8_000);
  let scene: Scene;
  let members: CrowdMember[] = [];
  let group = "";
  beforeEach(async () => {
    scene = await openScene();
    members = [];
  });
  afterEach(async () => {
    await Promise.all(members.map((each) => each.goAway()));
    await scene.end();
  });

  /** Lets everybody in; answers how long each took (ms). `joined`: what they do then. */
  async function letIn(joined: (member: CrowdMember) => Promise<void>): Promise<readonly number[]> {
    const { address } = await scene.relay();
    const owner = await crowdMember("owner", scene.directory, address);
    members.push(owner);
    group = (await owner.call("group-create", { name: "crowd" })).group.id;
    const { link } = await owner.call("group-invite", { group });
    const tookMs: number[] = [];
    for (let number = 1; number <= PEOPLE; number++) {
      const joiner = await crowdMember(`p${number}`, scene.directory, address);
      members.push(joiner);
      const startedMs = performance.now();
      const { state } = await joiner.call("group-join", { link, waitMs: PATIENCE_MS });
      assert.equal(state, "joined", `person ${number}`);
      tookMs.push(performance.now() - startedMs);
      await joined(joiner);
    }
    return tookMs;
  }

  /** Everybody counts the same members and is shown what the last one says. */
  async function assertTogether(): Promise<void> {
    const text = "we are all here";
    await members.at(-1)?.call("send", { group, text });
    await Promise.all(members.slice(0, -1).map((each) => each.hears(text)));
    for (const each of members) {
      const info = await each.call("group-info", { group });
      assert.equal(info.members.length, PEOPLE + 1, `as ${each.name} sees it`);
    }
  }

  it(`lets ${PEOPLE} people in who go away again, the last as fast as the first; at the end all come back`, async () => {
    const tookMs = await letIn((member) => member.goAway());
    const [first, median, last] = [tookMs.slice(0, FEW), tookMs, tookMs.slice(-FEW)].map(medianOf);
    show("away", tookMs);
    for (const each of members) await each.comeBack();
    await assertTogether();
    assert(first !== undefined && median !== undefined && last !== undefined);
    if (!IS_CAMPAIGN) return; // few people say nothing about time
    assert(median < MEDIAN_MAX_MS, `median ${median} ms`);
    assert(last <= LAST_TO_FIRST_MAX * first, `the first took ${first} ms, the last ${last} ms`);
  });

  it(`lets ${PEOPLE} people in who stay: each takes in all the others meanwhile`, async () => {
    show("staying", await letIn(async () => undefined)); // no bound: so many devices share one core here
    await assertTogether();
  });
});

function show(what: string, tookMs: readonly number[]): void {
  if (!IS_CAMPAIGN) return;
  const figures = {
    first: tookMs[0],
    "first five": medianOf(tookMs.slice(0, FEW)),
    median: medianOf(tookMs),
    "last five": medianOf(tookMs.slice(-FEW)),
    last: tookMs.at(-1),
    slowest: Math.max(...tookMs),
  };
  const words = Object.entries(figures).map(([name, ms]) => `${name} ${ms?.toFixed(0)}`);
  process.stdout.write(`      ${PEOPLE} people, ${what}, ms: ${words.join(", ")}\n`);
}
