import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { textsBy } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("several commands on one profile", function () {
  this.timeout(2 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let group: string;

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    ana = await scene.person("ana", [relay.address]);
    group = await ana.createGroup("notes");
  });
  after(() => scene.end());

  const isConnected = ({ relay: { state } }: { readonly relay: { readonly state: string } }) => state === "connected";

  it("work while a listener owns it: send, history, whoami, group, status", async () => {
    const owner = ana.listen();
    await owner.event("status", isConnected);
    const [me, { message, state }, status] = await Promise.all([
      ana.whoami(),
      ana.send(group, "from beside"),
      ana.status(),
    ]);
    assert.equal(me.name, "ana");
    assert.equal(state, "on-relay");
    assert.equal(status.relays[0]?.state, "connected");
    await owner.event("sent", (event) => event.message.id === message.id);
    const last = (await ana.history(group)).at(-1);
    assert.deepEqual([last?.id, last?.text], [message.id, "from beside"]);
    const made = await ana.createGroup("made beside");
    assert.deepEqual(
      (await ana.askAll<{ group: { id: string } }>("group", "list")).map((each) => each.group.id).sort(),
      [group, made].sort(),
    );
    owner.signal("SIGINT");
    assert.equal((await owner.ended).code, 0);
  });

  it("work after the owner was killed: the next command becomes the owner, and nothing is lost", async () => {
    const owner = ana.listen();
    await owner.event("status", isConnected);
    assert.equal((await ana.send(group, "before the kill")).state, "on-relay");
    owner.signal("SIGKILL");
    await owner.ended;
    assert.equal((await ana.send(group, "after the kill")).state, "on-relay");
    assert.deepEqual(textsBy(await ana.history(group), "ana").slice(-2), ["before the kill", "after the kill"]);
  });

  it("go on when the owner is killed in the middle: a listener beside it takes over, a send is done exactly once", async () => {
    const owner = ana.listen();
    await owner.event("status", isConnected);
    const beside = ana.listen();
    await beside.ready();
    // the second listener is served by the first: what is sent now reaches it
    const first = await ana.send(group, "two listeners");
    await beside.event("sent", ({ message }) => message.id === first.message.id);
    // without a relay the owner commits at once and answers late: it dies between the two
    await relay.kill();
    await owner.event("status", ({ relay: { state } }) => state === "unreachable");
    const sends = Array.from({ length: 4 }, (_, i) => ana.send(group, `in the middle ${i}`, "--wait", "30"));
    while ((await ana.status()).outbox < sends.length);
    owner.signal("SIGKILL");
    await owner.ended;
    await relay.restart();
    for (const { state } of await Promise.all(sends)) assert.equal(state, "on-relay");
    const next = await ana.send(group, "heard by the heir");
    await beside.event("sent", ({ message }) => message.id === next.message.id);
    const texts = textsBy(await ana.history(group), "ana").filter((text) => text.startsWith("in the middle"));
    assert.deepEqual(
      [...texts].sort(),
      [0, 1, 2, 3].map((i) => `in the middle ${i}`),
    );
    beside.signal("SIGINT");
    assert.equal((await beside.ended).code, 0);
  });

  for (const [command, signal] of [
    ["listen", "SIGINT"],
    ["chat", "SIGINT"],
    ["listen", "SIGTERM"],
  ] as const) {
    it(`are ended by ${signal}: ${command} exits with 0 and the profile opens again`, async () => {
      const running = ana.start([command, group], "open");
      await running.until("any event", (objects) => objects[0]);
      running.signal(signal);
      assert.deepEqual(await running.ended.then((end) => [end.code, end.signal, end.stderr]), [0, null, ""]);
      assert.equal((await ana.whoami()).name, "ana");
    });
  }

  it("refuse a wrong passphrase with one sentence, also while the profile is in use", async () => {
    const wrong = { env: { HERMES_PASSPHRASE: "seven-otters-juggle-lantern" } };
    const args = ["whoami", "--profile", ana.profile, "--json"];
    const owner = ana.listen();
    for (const inUse of [false, true]) {
      if (inUse) await owner.event("status", isConnected);
      const { code, objects, stderr } = await scene.start({ ...wrong, args }).ended;
      const [{ error }] = objects as [{ error: { code: string; message: string } }];
      assert.deepEqual([code, error.code, stderr], [1, "usage/wrong-passphrase", ""]);
      assert.match(error.message, /^this is not the passphrase of the profile in [^\n]*\.$/);
    }
  });
});
