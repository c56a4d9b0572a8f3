import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { CLIENT_SETTINGS, exampleSettings, parseSettings, readClientSettings } from "../../src/cli/client-settings.ts";
import { COST_RANGE, DEFAULT_COST } from "../../src/crypto/key-wrap.ts";

describe("Client settings", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-settings-"));
  });
  after(() => rm(directory, { recursive: true }));

  const fileWith = async (text: string) => {
    const path = join(directory, "client.json");
    await writeFile(path, text);
    return path;
  };

  it("are shown with their defaults and reasons in config/client.example.jsonc", () => {
    const example = readFileSync(new URL("../../config/client.example.jsonc", import.meta.url), "utf8");
    assert.equal(example, exampleSettings());
  });

  it("stay at their defaults when the example is used as it is", async () => {
    assert.deepEqual(await readClientSettings({}, await fileWith(exampleSettings())), await readClientSettings({}));
  });

  it("have the cost and the bounds of the key file", () => {
    const { kdfMemoryKiB, kdfPasses } = CLIENT_SETTINGS;
    assert.deepEqual({ memoryKiB: kdfMemoryKiB.default, passes: kdfPasses.default }, DEFAULT_COST);
    assert.deepEqual({ memoryKiB: [...kdfMemoryKiB.range], passes: [...kdfPasses.range] }, COST_RANGE);
  });

  it("come from the environment before the file before the default", async () => {
    const path = await fileWith('{\n// a comment\n"kdfPasses": 5, "relays": ["/ip4/192.0.2.7/tcp/1"]}');
    const settings = await readClientSettings({ HERMES_CONFIG: path, HERMES_KDF_PASSES: "7" });
    assert.equal(settings.kdfPasses, 7);
    assert.deepEqual(settings.relays, ["/ip4/192.0.2.7/tcp/1"]);
    assert.equal(settings.kdfMemoryKiB, 65_536);
    const both = ["/dns4/a.example/tcp/2", "/ip6/::1/tcp/3/p2p/12D3Koo"];
    assert.deepEqual((await readClientSettings({ HERMES_RELAYS: both.join(", ") })).relays, both);
  });

  for (const [what, text, sentence] of [
    ["an unknown name", '{"kdfpasses": 3}', /"kdfpasses".*is no setting/],
    ["a value out of range", '{"kdfMemoryKiB": 1024}', /kdfMemoryKiB .* from 8192 to 4194304/],
    ["a value of another kind", '{"relays": "/ip4/192.0.2.7/tcp/1"}', /relays .* must be addresses such as/],
    ["an address that is none", '{"peers": ["192.0.2.7:33001"]}', /peers .* must be addresses such as/],
    ["what is no object", "[]", /one JSON object/],
    ["what is not JSON", "{", /one JSON object/],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(() => parseSettings(text, "f"), { code: "config/invalid", message: sentence });
    });
  }

  it("refuse a number in the environment that is none", async () => {
    await assert.rejects(readClientSettings({ HERMES_KDF_PASSES: "many" }), { code: "config/invalid" });
  });

  it("name a file that cannot be read", async () => {
    const path = join(directory, "none");
    await assert.rejects(readClientSettings({}, path), { code: "config/unreadable", message: /none .*ENOENT/ });
  });
});
