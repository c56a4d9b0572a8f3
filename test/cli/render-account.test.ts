import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "mocha";
import { renderDevices, renderQr, renderVerify } from "../../src/cli/render-account.ts";

/** The scanner that comes with the package; its types want a browser, so they are not asked. */
const { default: decodeQR } = createRequire(import.meta.url)("qr/decode.js") as {
  default: (image: { width: number; height: number; data: Uint8Array }) => string;
};

/** What a telephone's camera reads off the characters: `scale` pixels for each module. */
function scanned(text: string, scale = 4): string {
  const modules = text
    .split("\n")
    .flatMap((line) => [
      Array.from(line, (character) => "\u2588\u2580".includes(character)),
      Array.from(line, (character) => "\u2588\u2584".includes(character)),
    ]);
  const width = (modules[0]?.length ?? 0) * scale;
  const height = modules.length * scale;
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const light = modules[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true;
      data.fill(light ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  return decodeQR({ width, height, data });
}

const FINGERPRINTS = [1, 2].map((n) => Array.from({ length: 12 }, (_, i) => String(n * 10_000 + i)).join(" "));
const [mine = "", theirs = ""] = FINGERPRINTS;

describe("a QR code of two fingerprints", () => {
  it("can be scanned off the terminal, and fits 80 columns and 24 lines", () => {
    const code = FINGERPRINTS.join("").replaceAll(" ", "");
    const drawn = renderQr(code);
    assert.equal(scanned(drawn), code);
    const lines = drawn.split("\n");
    assert(lines.length <= 24 && lines.every((line) => line.length <= 80));
  });
});

describe("what people see of", () => {
  const verification = {
    group: { id: "ff", name: "hikes" },
    me: { account: "aa", name: "Ana", fingerprint: mine },
    member: { account: "bb", name: "Ben\u001b[2J", fingerprint: theirs, verified: false },
    code: "1".repeat(120),
  };

  it("a verification: both people's digits, and what to do with them", () => {
    const text = renderVerify(verification);
    for (const groups of [mine, theirs]) for (const group of groups.split(" ")) assert(text.includes(group));
    assert.match(text, /Ben/);
    assert.match(text, /--confirm/);
    assert(!text.includes("\u001b"));
    const member = { ...verification.member, verified: true };
    const compared = renderVerify({ ...verification, member }, { isCompared: true, mark: "verified" });
    assert.match(compared, /^These are the digits of Ben.*\nBen.* is marked as verified\.$/);
    const withdrawn = renderVerify(verification, { isCompared: false, mark: "unverified" });
    assert.match(withdrawn, /is not marked as verified any more\.$/);
    const verified = renderVerify({ ...verification, member: { ...verification.member, verified: true } });
    assert.match(verified, /\(verified\)/);
    assert.match(verified, /--withdraw/);
  });

  it("devices: which one this is, and which is out", () => {
    const since = "2026-03-01T14:05:00.000Z";
    const device = "ab".repeat(32);
    const devices = [
      { device, since, current: true, unlinked: false, groups: 1 },
      { device: "cd".repeat(32), since, current: false, unlinked: true, groups: 0 },
    ];
    const [first = "", second = ""] = renderDevices({ devices }).split("\n");
    assert.match(first, /^abababababab {2}since 2026-03-01 .*\(this one, in 1 group\)$/);
    assert.match(second, /\(unlinked, in 0 groups\)$/);
  });
});
