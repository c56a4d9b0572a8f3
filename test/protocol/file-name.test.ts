import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { cleanFileName } from "../../src/protocol/file-name.ts";

describe("a file's name, as whoever sent it wrote it", () => {
  const hostile: readonly (readonly [name: string, cleaned: string])[] = [
    ["notes.txt", "notes.txt"],
    ["Ferien – Übersicht 2026.pdf", "Ferien – Übersicht 2026.pdf"],
    ["../../etc/passwd", "passwd"],
    ["..\\..\\windows\\system32\\a.dll", "a.dll"],
    ["/", "file"],
    ["", "file"],
    ["..", "file"],
    [".bashrc", "bashrc"],
    ["a\u0000b\nc.txt", "abc.txt"],
    ["photo\u202egpj.exe", "photogpj.exe"],
    ["\u200bspace\ufeff.txt", "space.txt"],
    ["con", "_con"],
    ["NUL.txt", "_NUL.txt"],
    ["com1.log", "_com1.log"],
    ["COM¹.log", "_COM¹.log"],
    ["conout$", "_conout$"],
    ["console.log", "console.log"],
    ["a:b*c?.txt", "a_b_c_.txt"],
    ["trailing. . ", "trailing"],
    ["cafe\u0301", "café"],
    ["\ud800lone", "lone"],
  ];
  for (const [name, cleaned] of hostile) {
    it(`${JSON.stringify(name)} is ${cleaned}`, () => assert.equal(cleanFileName(name), cleaned));
  }

  it("keeps its ending when it is cut", () => {
    const cleaned = cleanFileName(`${"ä".repeat(300)}.jpeg`);
    assert(cleaned.endsWith("ä.jpeg"));
    assert(Buffer.byteLength(cleaned) <= 200);
  });

  it("is one safe part of a path whatever it was, and cleaning it again changes nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300, size: "max" }), (name) => {
        const cleaned = cleanFileName(name);
        assert.doesNotMatch(cleaned, /[/\\\p{Cc}\p{Cf}\p{Cs}<>:"|?*]/u);
        assert.doesNotMatch(cleaned, /^[. ]|[. ]$|^$/);
        assert(Buffer.byteLength(cleaned) <= 201);
        assert.equal(cleanFileName(cleaned), cleaned);
      }),
      { numRuns: 500 },
    );
  });
});
