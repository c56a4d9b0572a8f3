import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isEmojiOnly, messageParts } from "../../../src/client/view/message-parts.ts";

const link = (text: string) => ({ kind: "link", text, href: text });
const plain = (text: string) => ({ kind: "text", text });

describe("a message's text taken apart", () => {
  it("finds links, and leaves the sentence's punctuation outside", () => {
    assert.deepEqual(messageParts("see https://example.org/a, please."), [
      plain("see "),
      link("https://example.org/a"),
      plain(", please."),
    ]);
    assert.deepEqual(messageParts("(https://example.org/x_(y))"), [
      plain("("),
      link("https://example.org/x_(y)"),
      plain(")"),
    ]);
  });

  it("makes links of http and https only", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "ftp://example.org",
      "HTTPS://",
      "https://@evil.example",
      "vbscript:https",
    ]) {
      assert.deepEqual(messageParts(text), [plain(text)], text);
    }
    assert.equal(messageParts("HTTPS://EXAMPLE.ORG")[0]?.kind, "link");
  });

  it("ends a link before characters that are invisible or turn directions", () => {
    for (const hidden of ["\u202e", "\u200b", "\u2066", "\ufeff", "\u0000"]) {
      assert.deepEqual(messageParts(`https://good.example/${hidden}moc.live`)[0], link("https://good.example/"));
    }
  });

  it("keeps code as it is, in a line and in blocks", () => {
    assert.deepEqual(messageParts("run `a <b> https://x.y` now"), [
      plain("run "),
      { kind: "code", text: "a <b> https://x.y" },
      plain(" now"),
    ]);
    assert.deepEqual(messageParts("this:\n```ts\nlet a = `1`;\n\n```\nok"), [
      plain("this:\n"),
      { kind: "block", text: "let a = `1`;\n" },
      plain("ok"),
    ]);
  });

  it("loses and invents nothing", () => {
    const piece = fc.constantFrom("a", " ", "\n", "https://x.y/", "(", ")", ".", "👍", "<script>", "\u202e", "ä");
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        assert.equal(
          messageParts(text)
            .map((part) => part.text)
            .join(""),
          text,
        );
      }),
    );
  });

  it("is linear: hostile repetitions of 60 kB are taken apart at once", () => {
    for (const unit of ["`", "```", "(", "https://", "http://a.", ")", "```\n", "a"]) {
      const text = unit.repeat(60_000 / unit.length);
      assert.ok(messageParts(text).length <= 60_000);
    }
    const endless = `\`\`\`${" ".repeat(600_000)}`; // takes a minute where each space is a new beginning
    assert.deepEqual(messageParts(endless), [{ kind: "text", text: endless }]);
  });
});

describe("emoji-only messages", () => {
  it("are those of one to six emoji, also joined, toned and flags", () => {
    for (const text of ["👍", "👩‍💻 👍🏽", "🇨🇭", "❤️", "1️⃣", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "✌🏽"])
      assert.equal(isEmojiOnly(text), true, text);
  });
  it("are not letters, numbers, marks of ownership, or seven", () => {
    for (const text of ["", " ", "a", "1", "©", "👍a", "👍".repeat(7), `a${"\u0301".repeat(40)}`]) {
      assert.equal(isEmojiOnly(text), false, text);
    }
  });
});
