import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { defaults, type Environment, parseFile, readCommand } from "../../relay-node/config.ts";
import { defaultDataDirectory } from "../../relay-node/data-directory.ts";
import { exampleFile, helpText } from "../../relay-node/help.ts";
import { environmentName, flagName, type RelayConfig, SETTING_NAMES, SETTINGS } from "../../relay-node/settings.ts";
import { Fault, type FaultCode } from "../../src/wire/fault.ts";
import { temporaryDirectory } from "./store-directory.ts";

async function configOf(argv: readonly string[], env: Environment = {}): Promise<RelayConfig> {
  const command = await readCommand(argv, env);
  assert(command.kind === "serve");
  return command.config;
}

async function refusal(code: FaultCode, argv: readonly string[], env: Environment = {}): Promise<string> {
  try {
    await readCommand(argv, env);
  } catch (error) {
    assert(error instanceof Fault);
    assert.equal(error.code, code);
    return error.message;
  }
  return assert.fail("the configuration was accepted");
}

describe("the relay's configuration", () => {
  let directory = "";
  let file = "";

  before(async () => {
    directory = await temporaryDirectory();
    file = join(directory, "relay.jsonc");
    await writeFile(
      file,
      '// ours\n{\n  // a month\n  "retentionDays": 31,\n  "name": "file", "maxConnections": 7\n}\n',
    );
  });

  after(() => rm(directory, { recursive: true }));

  describe("precedence", () => {
    it("is the table's defaults when nothing is set", async () => {
      assert.deepEqual(await configOf([]), defaults());
      assert.deepEqual(defaults().listen, ["/ip4/0.0.0.0/tcp/33001"]);
    });

    it("takes a flag before the environment, that before the file, and that before the default", async () => {
      const env = { HERMES_RELAY_RETENTION_DAYS: "32", HERMES_RELAY_NAME: "environment", PATH: "/bin" };
      const config = await configOf(["--config", file, "--retention-days", "33"], env);
      assert.deepEqual(config, { ...defaults(), retentionDays: 33, name: "environment", maxConnections: 7 });
    });

    it("finds the file by the environment, too", async () => {
      assert.equal((await configOf([], { HERMES_RELAY_CONFIG: file })).retentionDays, 31);
    });

    it("takes lists from repeated flags and from separated words in the environment", async () => {
      const [one, two] = ["/ip4/127.0.0.1/tcp/1", "/dns4/relay.example.org/tcp/2"] as const;
      assert.deepEqual((await configOf(["--listen", one, "--listen", two])).listen, [one, two]);
      assert.deepEqual((await configOf([], { HERMES_RELAY_ANNOUNCE: `${one}, ${two}` })).announce, [one, two]);
    });

    it("has one value per setting under each of its three names", async () => {
      for (const name of SETTING_NAMES) {
        const setting = SETTINGS[name];
        const text = setting.kind === "addresses" ? "/ip4/127.0.0.1/tcp/9" : String(other(setting.default));
        const byFlag = (await configOf([`--${flagName(name)}`, text]))[name];
        assert.deepEqual((await configOf([], { [environmentName(name)]: text }))[name], byFlag, name);
        assert.deepEqual(parseFile(JSON.stringify({ [name]: byFlag }), "F"), { [name]: byFlag });
        assert.notDeepEqual(byFlag, setting.default, name);
      }
    });

    function other(value: unknown): unknown {
      if (typeof value === "number") return value + 1;
      return value === "info" ? "debug" : "something else";
    }
  });

  describe("errors", () => {
    it("name setting, value, limits and origin", async () => {
      const limits = "it must be a whole number of days from 1 to 3650.";
      const days = 'retentionDays is "0"';
      assert.equal(
        await refusal("config/invalid", ["--retention-days", "0"]),
        `${days} (from the command line); ${limits}`,
      );
      const env = { HERMES_RELAY_RETENTION_DAYS: "0" };
      assert.equal(await refusal("config/invalid", [], env), `${days} (from the environment); ${limits}`);
      const bad = join(directory, "bad.jsonc");
      await writeFile(bad, '{ "retentionDays": "30" }');
      const text = await refusal("config/invalid", ["--config", bad]);
      assert.equal(text, `retentionDays is "30" (from ${bad}); ${limits}`);
    });

    it("refuse what is no whole number, no TCP address and no choice", async () => {
      for (const value of ["", "-1", "1.5", "1e3", "0x10", "9".repeat(15), "many"]) {
        assert.match(await refusal("config/invalid", [`--max-connections=${value}`]), /^maxConnections is /);
      }
      for (const value of ["", "33001", "/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.400/tcp/1", "/p2p-circuit"]) {
        assert.match(await refusal("config/invalid", ["--listen", value]), /^listen is .*multiaddrs/);
      }
      assert.match(
        await refusal("config/invalid", ["--log-level", "loud"]),
        /^logLevel is "loud".*error, warn, info, debug/,
      );
    });

    it("never repeat an access token", async () => {
      const token = "s3cr3t".repeat(100);
      const text = await refusal("config/invalid", [], { HERMES_RELAY_ACCESS: token });
      assert.match(text, /^access is not right/);
      assert(!text.includes("s3cr3t"));
    });

    it("point at unknown names wherever they stand", async () => {
      assert.match(await refusal("usage/bad-argument", ["--retention", "1"]), /--retention/);
      assert.match(await refusal("usage/bad-argument", ["statistics"]), /statistics/);
      assert.match(await refusal("usage/bad-argument", ["identity"]), /there are .*identity export, identity import/);
      assert.match(await refusal("config/invalid", [], { HERMES_RELAY_RETENTION: "1" }), /^HERMES_RELAY_RETENTION /);
      const path = join(directory, "unknown.jsonc");
      await writeFile(path, '{ "retention": 1 }');
      assert.match(await refusal("config/invalid", ["--config", path]), /^"retention" \(from .*unknown\.jsonc\)/);
    });

    it("say when the file is missing, a directory, no JSON or no object", async () => {
      assert.match(await refusal("config/unreadable", ["--config", join(directory, "none")]), /ENOENT/);
      await mkdir(join(directory, "folder"));
      assert.match(await refusal("config/unreadable", ["--config", join(directory, "folder")]), /EISDIR/);
      for (const text of ["{", "[]", "null", "3", '{ "name": "x" } // behind']) {
        assert.throws(
          () => parseFile(text, "F"),
          (error) => error instanceof Fault && error.code === "config/invalid",
        );
      }
    });
  });

  describe("its description", () => {
    it("answers --help before it looks at anything else", async () => {
      assert.deepEqual(await readCommand(["--help", "--retention-days", "0"], {}), { kind: "help" });
      for (const name of SETTING_NAMES) assert(helpText().includes(`--${flagName(name)} `));
      assert(
        helpText()
          .split("\n")
          .every((line) => line.length <= 120),
      );
    });

    it("is the same in the example file, which sets every setting to its default", async () => {
      const path = new URL("../../config/relay.example.jsonc", import.meta.url);
      const text = await readFile(path, "utf8");
      assert.equal(text, exampleFile());
      assert.deepEqual(parseFile(text, "example"), defaults());
    });
  });

  it("keeps data in the system's data directory unless told otherwise", () => {
    assert.equal(defaultDataDirectory({ XDG_DATA_HOME: "/x" }, "linux"), "/x/hermes/relay");
    assert.match(defaultDataDirectory({}, "linux"), /\.local\/share\/hermes\/relay$/);
    assert.match(defaultDataDirectory({}, "darwin"), /Application Support\/hermes\/relay$/);
  });
});
