import assert from "node:assert/strict";
import { chmod, utimes } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { after, before, describe, it } from "mocha";
import type { Finding } from "../../src/cli/doctor.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { type Environment, openScene, type Scene } from "./scene/scene.ts";

interface Diagnosis {
  readonly exit: number | null;
  readonly healthy: boolean;
  readonly checks: readonly Finding[];
}

describe("hermes doctor", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    ana = await scene.person("ana", [relay.address]);
    await ana.createGroup("patients");
  });
  after(() => scene.end());

  const diagnose = async (person: Person, env: Environment = {}): Promise<Diagnosis> => {
    const { code, objects, stdout } = await person.start(["doctor"], undefined, env).ended;
    assert.equal(objects.length, 1, stdout);
    return { exit: code, ...(objects[0] as Omit<Diagnosis, "exit">) };
  };
  const wrongs = ({ checks }: Diagnosis): readonly string[] =>
    checks.filter(({ state }) => state === "wrong").map(({ check }) => check);
  const textOf = ({ checks }: Diagnosis, check: Finding["check"]): string =>
    checks.find((each) => each.check === check)?.text ?? "";

  it("finds nothing wrong where all is well, also beside an owner", async () => {
    const alone = await diagnose(ana);
    assert.deepEqual([alone.exit, alone.healthy, wrongs(alone)], [0, true, []]);
    const all = [
      "version",
      "node",
      "directory",
      "disk",
      "clock",
      "owner",
      "profile",
      "cryptography",
      "relay",
      "peers",
      "reservation",
      "reach",
      "prekeys",
      "messages",
      "outbox",
    ];
    assert.deepEqual(
      alone.checks.map(({ check }) => check),
      all,
    );
    const owner = ana.listen();
    await owner.event("status", ({ relay: { state } }) => state === "connected");
    const beside = await diagnose(ana);
    assert.deepEqual([beside.exit, wrongs(beside)], [0, []]);
    assert.match(textOf(beside, "owner"), /Another command has the profile open/);
    owner.signal("SIGINT");
    await owner.ended;
  });

  it("shows the same to people, one line a check", async () => {
    const { code, stdout } = await scene.start({ args: ["doctor", "--profile", ana.profile] }).ended;
    assert.equal(code, 0);
    assert.match(stdout, /^ok {5}version {7}Hermes \d.*\nok {5}node {10}Node \d/);
    assert.equal(stdout.trimEnd().split("\n").length, 15);
  });

  it("names a missing profile, a wrong passphrase and a directory that others may write", async () => {
    const nobody = await diagnose(scene.stranger("nobody"));
    assert.deepEqual([nobody.exit, wrongs(nobody)], [1, ["directory"]]);
    const guess = await diagnose(ana, { HERMES_PASSPHRASE: "a guess" });
    assert.deepEqual([guess.exit, wrongs(guess)], [1, ["profile"]]);
    assert.match(textOf(guess, "profile"), /not the passphrase/);
    await chmod(ana.profile, 0o777);
    const open = await diagnose(ana);
    await chmod(ana.profile, 0o700);
    assert.deepEqual([open.exit, wrongs(open)], [1, ["directory"]]);
    assert.match(textOf(open, "directory"), /chmod go-w/);
  });

  it("sees a clock that was set back since the profile was written", async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    await utimes(`${ana.profile}/key`, ahead, ahead);
    const seen = await diagnose(ana);
    await utimes(`${ana.profile}/key`, new Date(), new Date());
    assert.deepEqual([seen.exit, wrongs(seen)], [1, ["clock"]]);
  });

  it("says that a profile without a relay reaches nobody", async () => {
    const alone = await diagnose(await scene.person("ben", []));
    assert.deepEqual([alone.exit, wrongs(alone)], [1, ["relay"]]);
    assert.match(textOf(alone, "relay"), /reaches nobody.*hermes relays --add/);
  });

  it("tells a relay whose name is unknown, that does not run, that is another, none at all, or wants a token", async () => {
    const stranger = await listening();
    const { port } = stranger.address() as { port: number };
    const peer = relay.peerId;
    const other = await scene.relay();
    const closed = await scene.relay({ args: ["--access", "a-token-that-nobody-has"] });
    const cases = [
      [`/dns4/relay.invalid/tcp/33001/p2p/${peer}`, /relay\.invalid cannot be resolved/],
      [`/ip4/127.0.0.1/tcp/9/p2p/${peer}`, /nothing listens at 127\.0\.0\.1:9/],
      [`/ip4/127.0.0.1/tcp/${other.port}/p2p/${peer}`, /another program answers.*Compare the end of the address/],
      [`/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`, /closed the connection|did not (finish|answer)/],
      [closed.address, /asks for an access token.*HERMES_ACCESS_TOKEN/],
    ] as const;
    const examine = async ([address, reason]: (typeof cases)[number]): Promise<void> => {
      const seen = await diagnose(await scene.person("cleo", [address]));
      assert.deepEqual([seen.exit, wrongs(seen)], [1, ["relay"]], address);
      assert.match(textOf(seen, "relay"), reason);
    };
    await Promise.all(cases.map(examine));
    await new Promise((resolve) => stranger.close(resolve));
  });
});

/** Takes connections and says goodbye. */
async function listening(): Promise<Server> {
  const server = createServer((socket) =>
    socket
      .on("error", () => undefined)
      .resume()
      .end("220 smtp.example\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
