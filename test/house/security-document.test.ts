import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { SETTINGS } from "../../relay-node/settings.ts";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { DEFAULT_COST } from "../../src/crypto/key-wrap.ts";
import { PADDED_MIN_BYTES } from "../../src/crypto/padme.ts";
import { SUPERSEDED_EPOCH_MS } from "../../src/protocol/erasure.ts";
import { UNASKED_GROUPS_MAX } from "../../src/protocol/unasked-groups.ts";
import { SKIPPED_KEYS_MAX } from "../../src/wire/limits.ts";
import { ROOT } from "./biome-run.ts";

const DOCUMENT = readFileSync(join(ROOT, "SECURITY.md"), "utf8");

/** Parts of the protocol that let a holder forget something. */
function trimmers(): readonly string[] {
  const folder = join(ROOT, "src/protocol");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return files.filter((name) => /effects\.push\(\{ kind: "trim"/.test(readFileSync(join(folder, name), "utf8")));
}

const words = COMMANDS.map(({ name }) => name);
const hasCommand = (...names: readonly string[]) => names.some((name) => words.includes(name));

/** What the page says is not built, and how one sees that it is still so. */
const NOT_BUILT: readonly (readonly [sentence: string, isStillSo: () => boolean])[] = [
  ["There is no backup", () => !hasCommand("backup", "backup export", "backup import")],
  ["Clients do not empty their inboxes", () => trimmers().join() === "account-topic.ts"],
];

describe("SECURITY.md", () => {
  for (const [sentence, isStillSo] of NOT_BUILT) {
    it(`rightly says: ${sentence}`, () => {
      assert.ok(DOCUMENT.includes(sentence), "the page no longer says so: take it off this list");
      assert.ok(isStillSo(), "this is built now: say in SECURITY.md what it protects instead");
    });
  }

  it("gives the bounds of the code", () => {
    const days = (ms: number) => ms / 86_400_000;
    const bounds = [
      `one budget, ${SETTINGS.heldMaxBytes.default / 2 ** 20} MiB by default (\`heldMaxBytes\``,
      `Argon2id (${DEFAULT_COST.memoryKiB / 1024} MiB, ${DEFAULT_COST.passes} passes by default)`,
      `padding (${PADDED_MIN_BYTES} bytes at least`,
      `when more than ${SKIPPED_KEYS_MAX.toLocaleString("en")} messages of one device are missing`,
      `keys of earlier epochs for ${days(SUPERSEDED_EPOCH_MS)} days`,
      `put you into groups: ${UNASKED_GROUPS_MAX} at most`,
    ];
    assert.deepEqual(
      bounds.filter((each) => !DOCUMENT.includes(each)),
      [],
    );
  });
});
