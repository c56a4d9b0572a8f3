/** scripts/deliberate-bugs.mjs takes long; that it still applies is seen here at once. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { BUGS } from "../../scripts/bug-list.mjs";
import { ROOT } from "./biome-run.ts";

const timesIn = (file: string, text: string): number => {
  const path = join(ROOT, file);
  return existsSync(path) ? readFileSync(path, "utf8").split(text).length - 1 : 0;
};

describe("The deliberate bugs", () => {
  it("each have their place in the code, once, and a test", () => {
    assert(BUGS.length > 20);
    for (const { name, test, also = [], ...first } of BUGS) {
      assert(existsSync(join(ROOT, test)), `${name}: ${test}`);
      for (const { file, from, every } of [first, ...also]) {
        const places = timesIn(file, from);
        assert(places === 1 || (every === true && places > 1), `${name}: ${places} places in ${file} are ${from}`);
      }
    }
  });
});
