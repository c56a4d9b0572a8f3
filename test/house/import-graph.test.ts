import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { ROOT } from "./biome-run.ts";
import { DECRYPTS, reachable, runtimeImports } from "./import-graph.ts";

describe("The import graph", () => {
  it("follows what runs and leaves out what is erased", () => {
    const source = [
      'import type { A } from "./erased.ts";',
      'export type { B } from "./erased.ts";',
      '// import "./comment.ts";',
      '/* import "./comment.ts"; */',
      'import { c } from "./named.ts";',
      'import {\n  type D,\n  e,\n} from "./lines.ts";',
      'import "./effect.ts";',
      'import * as f from "./namespace.ts";',
      'export { g } from "./exported.ts";',
      'export * from "./star.ts";',
      'const h = await import("./dynamic.ts");',
      'new Worker(new URL("./worker.js", import.meta.url));',
    ].join("\n");
    const expected = "named lines effect namespace exported star dynamic worker".split(" ");
    assert.deepEqual(
      [...runtimeImports(source)].map((name) => name.replace(/^\.\/|\.[jt]s$/g, "")),
      expected,
    );
  });

  it("is walked to any depth, through cycles", () => {
    const files: Record<string, string> = {
      "relay-node/main.ts": 'import "./quota.ts";',
      "relay-node/quota.ts": 'import "../src/net/node.ts";\nimport "./main.ts";',
      "src/net/node.ts": 'import "../crypto/sealing.ts";',
      "src/crypto/sealing.ts": "",
    };
    const chain = reachable("relay-node/main.ts", (path) => files[path] ?? "").get("src/crypto/sealing.ts");
    assert.deepEqual(chain, ["relay-node/main.ts", "relay-node/quota.ts", "src/net/node.ts", "src/crypto/sealing.ts"]);
  });

  it("has no path from the relay to anything that decrypts", () => {
    assert.ok(existsSync(join(ROOT, "relay-node/main.ts")), "relay-node/main.ts exists");
    const modules = reachable("relay-node/main.ts");
    assert.ok(modules.size > 5, `only ${modules.size} modules found: the walk is broken`);
    const leaks = [...modules].filter(([path]) => DECRYPTS.test(path)).map(([, chain]) => chain.join(" -> "));
    assert.deepEqual(leaks, []);
  });
});
