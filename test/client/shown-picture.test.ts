import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { shownPictureType } from "../../src/client/shown-picture.ts";

function png(width: number, height: number): Uint8Array {
  const start = Buffer.from("89504e470d0a1a0a0000000d4948445200000000000000000802", "hex");
  start.writeUInt32BE(width, 16);
  start.writeUInt32BE(height, 20);
  return start;
}

interface Area {
  readonly width: number;
  readonly height: number;
}

/** A GIF that says this size of the whole, with a comment, and with frames at (1, 1) that have one block each. */
function gif(
  width: number,
  height: number,
  version = "89",
  frames: readonly Area[] = [{ width: 1, height: 1 }],
): Uint8Array {
  const start = Buffer.from(`GIF${version}a____\x80__`, "latin1");
  start.writeUInt16LE(width, 6);
  start.writeUInt16LE(height, 8);
  const comment = Buffer.from("21fe03ffffff00", "hex");
  return Buffer.concat([start, Buffer.alloc(6), comment, ...frames.map(frame), Buffer.from(";")]);
}

function frame({ width, height }: Area): Uint8Array {
  const bytes = Buffer.from("2c010001000000000081", "hex");
  bytes.writeUInt16LE(width, 5);
  bytes.writeUInt16LE(height, 7);
  return Buffer.concat([bytes, Buffer.alloc(12), Buffer.from("0202ffff00", "hex")]);
}

/** A frame of 50,000 x 50,000 pixels, and one of 9 x 9 that only those come to who skip a length behind this marker. */
const hidden = (marker: string): Uint8Array =>
  Buffer.from(
    ["ffd8ff", marker, "0010", "ffc0001108c350c350", "0300000000", "ffc00011080009000903"].join("").padEnd(90, "0"),
    "hex",
  );

describe("pictures of others", () => {
  it("are shown by their first bytes, up to so many pixels", () => {
    const moving = gif(
      300,
      200,
      "89",
      [300, 20, 500].map((width) => ({ width, height: width })),
    );
    const types = [png(8_000, 5_000), gif(300, 200), gif(1, 1, "87"), moving].map(shownPictureType);
    assert.deepEqual(types, ["image/png", "image/gif", "image/gif", "image/gif"]);
    for (let length = 0; length < moving.length; length++) shownPictureType(moving.subarray(0, length));
  });

  it("are not shown when drawing them would take the machine's memory, or when they are something else", () => {
    const small = { width: 2, height: 2 };
    const none = [
      png(50_000, 50_000),
      png(0, 10),
      gif(65_535, 65_535),
      gif(9, 9, "89", [{ width: 65_535, height: 65_535 }]),
      gif(9, 9, "89", [small, small, { width: 9, height: 65_535 }, { width: 65_535, height: 9 }]),
      gif(9, 9, "89", []),
      gif(9, 9, "88"),
      gif(9, 9).subarray(0, 9),
      gif(9, 9).subarray(0, 20),
      Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"),
      new Uint8Array(),
      ...["00", "01", "d0", "d7"].map(hidden),
    ];
    assert.equal(shownPictureType(hidden("e1")), "image/jpeg", "a segment, as which only a length counts");
    assert.deepEqual(
      none.map(shownPictureType),
      none.map(() => undefined),
    );
  });
});
