/** npm leaves an optional package out when it is told to, or when another Node installs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { sqlitePackage } from "../../src/sqlite/sqlite-database.ts";
import { PATIENCE_MS } from "../e2e/scene/hermes-process.ts";
import { openScene, type Scene } from "../e2e/scene/scene.ts";

const PACKAGE = sqlitePackage(Number(process.versions["napi"]));

/** Cause, effect and next step. */
const SENTENCE = new RegExp(
  `the package ${PACKAGE}, which Node ${process.versions.node} needs [^\\n]+ no profile and no relay[^\\n]+ type npm run build `,
);

/** Lets loading the database's module fail with this code, in the process that loads it. */
const failing = (code: string): Readonly<Record<string, string>> => {
  const hook = `
    import module from "node:module";
    const resolve = module._resolveFilename;
    module._resolveFilename = (name, ...more) => {
      if (name === ${JSON.stringify(PACKAGE)}) throw Object.assign(new Error("no"), { code: ${JSON.stringify(code)} });
      return resolve(name, ...more);
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
};

describe("without the database's module", function () {
  this.timeout(PATIENCE_MS);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  it("a profile is not made: a sentence says what is missing and what to type", async () => {
    const ana = scene.stranger("ana", { env: failing("MODULE_NOT_FOUND") });
    const { exit, code, message } = await ana.refused(["init", "--name", "ana"]);
    assert.deepEqual([exit, code], [1, "storage/failed"]);
    assert.match(message, SENTENCE);
  });

  it("a relay does not start, nor with a module that was built for another Node", async () => {
    const args = ["relay", "--data", `${scene.directory}/relay`, "--listen", "/ip4/127.0.0.1/tcp/0"];
    const { code, stdout, stderr } = await scene.start({ args, env: failing("ERR_DLOPEN_FAILED") }).ended;
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr.split("\n").find((line) => line.startsWith("hermes relay: ")) ?? "", SENTENCE);
  });

  it("what opens no database works", async () => {
    const { code, stdout } = await scene.start({ args: ["version"], env: failing("MODULE_NOT_FOUND") }).ended;
    assert.equal(code, 0);
    assert.match(stdout, /\d/);
  });
});
