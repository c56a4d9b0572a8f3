import assert from "node:assert/strict";
import { watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { after, before, describe, it } from "mocha";
import { keyOf } from "../../src/cli/compose-key.ts";
import { openProfileStore } from "../../src/store/profile-store.ts";
import { isFault } from "../../src/wire/fault.ts";
import { type HermesProcess, PATIENCE_MS } from "./scene/hermes-process.ts";
import { type Person, textsBy } from "./scene/person.ts";
import { openScene, PASSPHRASE, type Scene } from "./scene/scene.ts";

/** Changes that are killed; half of them at any instant, half of them while files change. `npm run test:long` asks for more. */
const ROUNDS = Number(process.env["HERMES_PASSPHRASE_KILLS"] ?? 20);
const NEW = "eight-herons-balance-kettles";

describe("the passphrase of a profile", function () {
  this.timeout(3 * PATIENCE_MS + ROUNDS * 3_000);
  let scene: Scene;
  let ana: Person;
  let group: string;
  let lineId: string;

  before(async () => {
    scene = await openScene();
    ana = await scene.person("ana", [(await scene.relay()).address]);
    group = await ana.createGroup("notes");
    lineId = (await ana.send(group, "written before", "--no-wait")).message.id;
  });
  after(() => scene.end());

  const change = (from: string, to: string): HermesProcess =>
    ana.start(["passphrase"], undefined, { HERMES_PASSPHRASE: from, HERMES_NEW_PASSPHRASE: to });

  const dataKeyBy = async (passphrase: string): Promise<Uint8Array | undefined> => {
    const known = async (): Promise<string> => passphrase;
    const passphrases = { known, supplied: known, chosen: known, refused: () => undefined };
    const kdf = { memoryKiB: 8_192, passes: 1 };
    const choice = { directory: ana.profile, passphrases, relays: [], accessToken: "", kdf };
    return await keyOf(choice)
      .dataKey()
      .catch((error: unknown) => {
        assert(isFault(error, "usage/wrong-passphrase"), String(error));
        return undefined;
      });
  };

  /** The one of the two that opens the profile; what was written is still there. */
  const thatOpens = async (one: string, other: string): Promise<string> => {
    const keys = await Promise.all([dataKeyBy(one), dataKeyBy(other)]);
    const [dataKey, ...more] = keys.filter((key) => key !== undefined);
    assert(dataKey !== undefined && more.length === 0, `${more.length + 1} of two passphrases open the profile`);
    const store = await openProfileStore({ directory: ana.profile, dataKey });
    assert.equal((await store.line(group, lineId))?.text, "written before");
    await store.close();
    return keys[0] === undefined ? other : one;
  };

  it("is changed while a listener has the profile open, which goes on", async () => {
    const owner = ana.listen();
    await owner.event("status", ({ relay }) => relay.state === "connected");
    const done = await change(PASSPHRASE, NEW).ended;
    assert.deepEqual([done.code, done.objects, done.stderr], [0, [{ changed: true }], ""]);
    const { code } = await ana.refused(["whoami"]);
    assert.equal(code, "usage/wrong-passphrase");
    const asked = ana.start(["whoami"], undefined, { HERMES_PASSPHRASE: NEW });
    assert.equal((await asked.ended).code, 0);
    const send = ana.start(["send", group, "written between"], undefined, { HERMES_PASSPHRASE: undefined });
    assert.equal((await send.ended).code, 0);
    owner.signal("SIGINT");
    assert.equal((await owner.ended).code, 0);
    assert.equal((await change(NEW, PASSPHRASE).ended).code, 0);
  });

  it("is not changed by somebody who does not know it", async () => {
    const before = await readFile(`${ana.profile}/key`);
    const { code, objects } = await change("a guess", NEW).ended;
    const [{ error }] = objects as [{ error: { code: string } }];
    assert.deepEqual([code, error.code], [1, "usage/wrong-passphrase"]);
    assert.deepEqual(await readFile(`${ana.profile}/key`), before);
  });

  it(`is the old or the new one after each of ${ROUNDS} changes that are killed`, async () => {
    let now = PASSPHRASE;
    const startedMs = performance.now();
    assert.equal((await change(now, now).ended).code, 0);
    const tookMs = performance.now() - startedMs;
    const instants: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const next = `${round} ${NEW}`;
      const changing = change(now, next);
      const part = Math.random();
      instants.push(`${part}`);
      if (round % 2 === 0) await killAfter(changing, part * 1.2 * tookMs);
      else await killAtChange(changing, ana.profile, part);
      const opening = await thatOpens(now, next).catch((error: unknown) => {
        throw new Error(`round ${round} of instants ${instants.join(" ")}`, { cause: error });
      });
      const { stdout } = await changing.ended;
      if (stdout !== "") assert.equal(opening, next, "said to be changed, and was not");
      now = opening;
    }
    assert.equal((await change(now, PASSPHRASE).ended).code, 0);
    assert.deepEqual((await readdir(ana.profile)).filter((name) => name.startsWith("key")).sort(), ["key"]);
    assert.deepEqual(textsBy(await ana.history(group), "ana"), ["written before", "written between"]);
  });
});

async function killAfter(running: HermesProcess, delayMs: number): Promise<void> {
  const timer = setTimeout(() => running.signal("SIGKILL"), delayMs); // the instant is what is random here
  await running.ended;
  clearTimeout(timer);
}

/** Kills at one of the first changes of a key file in the directory; `part` in [0, 1) chooses which. */
async function killAtChange(running: HermesProcess, directory: string, part: number): Promise<void> {
  let left = Math.floor(part * 4);
  const watcher = watch(directory, (_, name) => {
    if (name?.startsWith("key") === true && left-- === 0) running.signal("SIGKILL");
  });
  await running.ended;
  watcher.close();
}
