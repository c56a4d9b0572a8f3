import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { sizeWords } from "../../../src/gui/web/clock-words.ts";
import { failureOf, failureText } from "../../../src/gui/web/failures.ts";
import { warningWords } from "../../../src/gui/web/people-words.ts";
import { words } from "../../../src/gui/web/words.ts";
import { NEXT_STEPS } from "../../../src/wire/fault.ts";

const WEB = fileURLToPath(new URL("../../../src/gui/web", import.meta.url));
/** Where all words are. */
const WORDS = ["words.ts", "people-words.ts"];

/** What people read (bugs of ours are not for them) stands in a text of several words that begins with a capital, or in one of these attributes. */
const SENTENCE = /(?<!Error\()(["'`])[A-Z][a-z]+[,.]? [^"'`]*\1/g;
const ATTRIBUTE = /\b(?:aria-label|aria-description|title|placeholder|alt|label|hint)="[^"]*[A-Za-z]{2}[^"]*"/g;

const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

describe("The words of the web screen", () => {
  it("stand in files of their own, and nowhere else, so that they can be translated", () => {
    const files = readdirSync(WEB, { recursive: true, encoding: "utf8" }).filter((path) => /\.tsx?$/.test(path));
    assert.ok(files.length > 50);
    const strays = files
      .filter((path) => !WORDS.includes(path))
      .flatMap((path) => {
        const source = withoutComments(readFileSync(join(WEB, path), "utf8"));
        return [SENTENCE, ATTRIBUTE].flatMap((form) => [...source.matchAll(form)].map(([text]) => `${path}: ${text}`));
      });
    assert.deepEqual(strays, []);
  });

  it("have a title for every warning, and send nobody to a command line", () => {
    const source = readFileSync(join(WEB, "../../client/warnings.ts"), "utf8");
    const [, table = ""] = /TEXTS[^{]*\{([\s\S]*?)\n\};/.exec(source) ?? [];
    const texts = [...table.matchAll(/^ {2}"?([a-z-]+)"?:\s+"([^"]*)"/gm)].map(([, code = "", text = ""]) => ({
      code,
      text,
    }));
    assert.ok(texts.length > 15);
    for (const { code, text } of texts) {
      assert.ok(warningWords.titles[code], code);
      assert.doesNotMatch(warningWords.texts[code] ?? text, /hermes /, code);
    }
  });

  it("say of every step that helps after a failure where it is done here", () => {
    assert.deepEqual(Object.keys(words.failures.next).sort(), [...NEXT_STEPS].sort());
    for (const text of Object.values(words.failures.next)) assert.doesNotMatch(text, /hermes |`|--/);
    const failure = failureOf({ code: "usage/not-found", message: "this group has no such file", next: "see-files" });
    assert.equal(
      failureText(failure),
      "This group has no such file. The files of the group stand in its conversation.",
    );
    assert.equal(failureText({ message: "it went away", next: "of a later version" }), "It went away.");
  });

  it("say sizes in the units of the command line", () => {
    assert.deepEqual(
      [0, 1, 1_023, 1_024, 1_536, 1_048_576, 5 * 1_048_576 + 400_000, 1_099_511_627_776].map(sizeWords),
      ["0 B", "1 B", "1,023 B", "1 KiB", "1.5 KiB", "1 MiB", "5.4 MiB", "1 TiB"],
    );
  });
});
