import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type Ended, PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { assertShape, type Shape } from "./scene/shape.ts";

/** One of each kind; test/cli asks all of them without a process. */
const COMMANDS = ["relay", "group create", "listen"] as const;

const ID = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const LINK = /^hermes:\/\/join\/[\w-]+$/;
const CONTACT = /^hermes:\/\/contact\/[\w-]+$/;
const ADDRESS = /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+$/;
const FINGERPRINT = (value: unknown): boolean => typeof value === "string" && /^\d{60}$/.test(value.replace(/ /g, ""));
const COUNT = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const WORDS = /^[a-z]+( [a-z]+){23}$/;

const CHANGED = /^(queued|on-relay)$/;
const GROUP = { id: ID, name: "shapes" };
const ANA = { account: ID, name: "ana" };
const RELAY = { address: ADDRESS, state: "connected", since: TIME };

describe("the command line", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  const run = (...args: readonly string[]): Promise<Ended> => scene.start({ args }).ended;

  it("has help for commands, on standard output, with examples and exit code 0", async () => {
    const overview = await run("--help");
    assert.deepEqual([overview.code, overview.stderr], [0, ""]);
    for (const command of COMMANDS) {
      assert(overview.stdout.includes(command), `the overview leaves ${command} out`);
      const { code, stdout, stderr } = await run(...command.split(" "), "--help");
      assert.deepEqual([command, code, stderr], [command, 0, ""]);
      assert.match(stdout, new RegExp(`^Usage: hermes ${command}`));
      assert.match(stdout, /Examples?:?\n/);
      assert.match(stdout, /--json/);
    }
  });

  it("answers an unknown option or command with exit code 2, as a sentence or as an object", async () => {
    for (const command of COMMANDS) {
      const { code, stdout, objects, stderr } = await run(...command.split(" "), "--sparkle", "--json");
      assert.deepEqual([command, code, stderr], [command, 2, ""]);
      assertShape(objects[0], { error: { code: "usage/bad-argument", message: /--sparkle/ } }, command);
      assert.equal(stdout.split("\n").length, 2);
    }
    for (const args of [["whoami", "--sparkle"], ["conjure"], []]) {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([args, code, stdout], [args, 2, ""]);
      assert.match(stderr, /^hermes: [^\n]+\n$/);
    }
  });

  it("names our sources in the stack of an error, when asked", async () => {
    const { stderr } = await scene.start({ args: ["whoami"], env: { HERMES_DEBUG: "1" } }).ended;
    assert.match(stderr, /\n +at .*src\/cli\/command-line\.ts:\d+/);
  });

  it("says for every command that there is no profile, when there is none", async () => {
    const stranger = scene.stranger("nobody");
    const calls = ["whoami", "status", "sync", "group list", "listen", "chat", "history g", "send g t", "group info g"];
    for (const call of calls) {
      const { exit, code, message } = await stranger.refused(call.split(" "));
      assert.deepEqual([call, exit, code], [call, 1, "usage/no-profile"]);
      assert.match(message, /hermes init/);
    }
  });
});

describe("the JSON objects of the command line", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let listener: Listener;
  let contact: string;

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    ana = scene.stranger("ana");
    const ben = await scene.person("ben", [relay.address]);
    contact = (await ben.whoami()).contact;
  });
  after(() => scene.end());

  /** In this order: later ones need what earlier ones made. */
  const table: readonly (readonly [command: string, args: () => readonly string[], shape: Shape])[] = [
    [
      "init",
      () => ["--name", "ana", "--relay", relay.address],
      { account: ID, fingerprint: FINGERPRINT, device: ID, name: "ana", recovery: WORDS },
    ],
    ["whoami", () => [], { account: ID, fingerprint: FINGERPRINT, device: ID, name: "ana", contact: CONTACT }],
    ["group create", () => ["shapes"], { group: GROUP }],
    ["group list", () => [], { group: { ...GROUP, members: 1, unread: 0 } }],
    ["group invite", () => ["shapes", "--uses", "3", "--expires", "2d"], { link: LINK, expires: TIME, uses: 3 }],
    ["group add", () => ["shapes", contact], { group: GROUP, member: { account: ID, name: "ben", role: "member" } }],
    [
      "group info",
      () => ["shapes"],
      {
        group: GROUP,
        members: [{ account: ID, name: /^(ana|ben)$/, role: /^(owner|member)$/, devices: 1, verified: false }],
        epoch: { id: /^[0-9a-f]+$/, number: COUNT },
      },
    ],
    [
      "group invites",
      () => ["shapes"],
      { invite: { id: ID, role: "member", uses: 3, left: 3, expires: TIME, by: ANA, state: "open" } },
    ],
    [
      "group role",
      () => ["shapes", "ben", "admin"],
      { group: GROUP, member: { account: ID, name: "ben", role: "admin" }, state: CHANGED },
    ],
    [
      "group settings",
      () => ["shapes", "--rekey-days", "3"],
      {
        group: GROUP,
        settings: { name: "shapes", password: false, inviters: "admin", rekey: { days: 3, messages: 1000 } },
        state: CHANGED,
      },
    ],
    ["group rekey", () => ["shapes"], { group: GROUP, epoch: { id: ID, number: COUNT }, state: CHANGED }],
    ["send", () => ["shapes", "hello"], { message: { id: ID }, state: /^(on-relay|delivered)$/ }],
    ["send", () => ["shapes", "later", "--no-wait"], { message: { id: ID }, state: "queued" }],
    ["sync", () => [], { complete: true, received: COUNT, outbox: 0, undelivered: 0 }],
    [
      "status",
      () => [],
      {
        relays: [{ ...RELAY, state: /^conn/, own: true, serves: [{ id: ID, name: "shapes" }], formerly: [GROUP] }],
        peers: [{ peerId: "", path: "", since: TIME }],
        members: (value: unknown) => Array.isArray(value) && value.length === 0, // nobody is reached directly here
        outbox: 0,
        primitives: /^\w/,
      },
    ],
  ];

  for (const [command, args, shape] of table) {
    it(`are as documented: ${command}`, async () => {
      assertShape(await ana.ask(...command.split(" "), ...args()), shape, command);
    });
  }

  it("are as documented: history", async () => {
    const lines = await ana.askAll<{ message: { kind: string } }>("history", "shapes");
    const line = { id: ID, from: ANA, sentAt: TIME, depth: COUNT };
    assert(lines.length >= 2);
    for (const each of lines) {
      const shape: Shape =
        each.message.kind === "text"
          ? { ...line, kind: "text", text: /^(hello|later)$/, state: "on-relay" }
          : { ...line, kind: "system", text: /./, ...("state" in each.message ? { state: /./ } : {}) };
      assertShape(each, { message: shape }, "history");
    }
  });

  it("are as documented: group join, from pending to joined", async () => {
    const cleo = await scene.person("cleo", [relay.address]);
    const link = await ana.invite("shapes");
    const pending = await cleo.join(link, 0);
    assertShape(pending, { group: { id: ID, name: /^(shapes)?$/ }, state: "pending" }, "group join");
    listener = ana.listen("shapes");
    assertShape(await cleo.join(link), { group: GROUP, state: "joined" }, "group join");
    assert.equal((await cleo.send("shapes", "cleo is in")).state, "on-relay");
  });

  it("are as documented: events of listen", async () => {
    const message = await listener.event("message", () => true);
    const text = {
      id: ID,
      from: { account: ID, name: "cleo" },
      sentAt: TIME,
      kind: "text",
      text: "cleo is in",
      depth: COUNT,
    };
    assertShape(message, { event: "message", group: GROUP, message: text }, "message");
    const member = await listener.event("member", () => true);
    const change = { event: "member", group: GROUP, change: "joined", by: ANA, member: { account: ID, name: "cleo" } };
    assertShape(member, change, "member");
    const status = await listener.event("status", (event) => event.relay.state === "connected");
    assertShape(status, { event: "status", relay: RELAY }, "status");
    const { message: mine } = await ana.send("shapes", "seen by the listener");
    const sent = await listener.event("sent", (event) => event.message.id === mine.id);
    assertShape(sent, { event: "sent", group: GROUP, message: { id: ID }, state: "on-relay" }, "sent");
  });

  it("are as documented: the ready line of a relay, and the only line", () => {
    const { objects, stdout } = relay.process();
    assertShape(objects[0], { event: "ready", peerId: /^12D3Koo\w+$/, addrs: [ADDRESS] }, "relay");
    assert.equal(stdout().split("\n").length, 2);
  });
});
