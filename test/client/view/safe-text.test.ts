import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { passphraseStrength } from "../../../src/client/view/passphrase-strength.ts";
import { safeName, safeText } from "../../../src/client/view/safe-text.ts";
import { searchMarks } from "../../../src/client/view/search-marks.ts";

describe("strangers' text made harmless", () => {
  it("loses what reorders or hides, and keeps lines, tabs and letters", () => {
    assert.equal(safeText("a\u202eb\u2066c\u200bd\u0007\ufeffe\u061cf"), "abcdef");
    assert.equal(safeText("one\r\ntwo\u2028three\tx"), "one\ntwo\nthree\tx");
  });
  it("keeps joined emoji, and letters of scripts that join", () => {
    for (const text of ["👩‍💻", "می‌خواهم", "ประเทศ", "שָׁלוֹם", "क्षि"]) assert.equal(safeText(text), text);
  });
  it("leaves at most four marks on a letter, out of ten thousand", () => {
    assert.equal(safeText(`e${"\u0301".repeat(10_000)}nd`), `e${"\u0301".repeat(4)}nd`);
  });
  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(safeText(safeText(text)), safeText(text));
      }),
    );
  });
});

describe("a stranger's name", () => {
  it("is one line without invisible characters, so that two that look equal are equal", () => {
    assert.equal(safeName("An\u200dna\n\u200c  B\u3164"), "Anna B");
    assert.equal(safeName("Zoë 👩‍💻"), "Zoë 👩‍💻");
  });
  it("is empty when nothing of it can be seen", () => {
    for (const name of ["", " ", "\u200b", "\u3164\u2800", "\u202e\u2066"]) assert.equal(safeName(name), "");
  });
  it("is cut at 64 letters", () => {
    assert.equal([...safeName("x".repeat(60_000))].length, 64);
  });
});

describe("marks of what was searched", () => {
  it("stand on words that begin with a searched word, in any case", () => {
    assert.deepEqual(searchMarks("The harbour, HARBOURS; unharbour", "harb"), [
      [4, 8],
      [13, 17],
    ]);
    assert.deepEqual(searchMarks("İstanbul ist", "ist"), [[9, 12]]);
  });
  it("take no word for an expression", () => {
    assert.deepEqual(searchMarks("a+b (c", "(c .* a+"), [
      [0, 1],
      [5, 6],
    ]);
    assert.deepEqual(searchMarks("abc", " .* "), []);
  });
});

describe("the strength of a passphrase", () => {
  const level = (passphrase: string) => passphraseStrength(passphrase).level;
  it("is nothing for what is guessed first", () => {
    for (const passphrase of [
      "password",
      "Password123",
      "qwertyuiop",
      "aaaaaaaaaaaaaaaa",
      "12345678901234567890",
      "hermes",
    ]) {
      assert.equal(level(passphrase), 1, passphrase);
    }
  });
  it("grows with words and with characters", () => {
    assert.equal(level("sunshine"), 1);
    assert.equal(level("correct horse battery staple"), 3);
    assert.equal(level("otter violin harvest maple quiet river"), 4);
    assert.ok(level("g7#Kd0!zQw2x") >= 3);
  });
  it("does not fall when a word is added", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.ok(passphraseStrength(`${text} violin`).bits >= passphraseStrength(text).bits - 1);
      }),
    );
  });
});
