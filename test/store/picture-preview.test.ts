import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { makePreview } from "../../src/store/picture-preview.ts";
import { FILE_PREVIEW_MAX_BYTES } from "../../src/wire/limits.ts";
import { pictureHeader } from "../../src/wire/picture-header.ts";

describe("previews of pictures", function () {
  this.timeout(20_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "hermes-pictures-"));
  });
  after(() => rm(root, { recursive: true, force: true }));
  const written = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(root, name), bytes);
    return join(root, name);
  };

  it("are small JPEGs of a PNG, and of a JPEG, with the size of the whole", async () => {
    const preview = await makePreview(await written("a.png", png(1_000, 600)));
    assert(preview);
    assert.deepEqual([preview.width, preview.height, preview.format], [1_000, 600, "jpeg"]);
    assert(preview.image.length <= FILE_PREVIEW_MAX_BYTES);
    const header = pictureHeader(preview.image);
    assert.deepEqual(header, { format: "jpeg", width: 480, height: 288 });
    const again = await makePreview(await written("a.jpg", preview.image));
    assert.deepEqual([again?.width, again?.height], [480, 288]);
  });

  it("are not made of anything else, of broken pictures, or of such as claim to be gigantic", async () => {
    assert.equal(await makePreview(await written("a.txt", Buffer.from("text"))), undefined);
    assert.equal(await makePreview(await written("none", new Uint8Array())), undefined);
    assert.equal(await makePreview(await written("cut.png", png(300, 300).subarray(0, 400))), undefined);
    assert.equal(await makePreview(await written("bomb.png", png(8, 8, [50_000, 50_000]))), undefined);
  });

  it("rest on a header that is read from any bytes without an exception", () => {
    const starts = [
      [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
      [0xff, 0xd8],
      [...Buffer.from("RIFF....WEBPVP8X")],
      [],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 64, size: "max" }), (start, rest) => {
        pictureHeader(Uint8Array.from([...start, ...rest]));
      }),
    );
  });
});

/** A picture with some pattern; `claimed`: the size that its header states instead. */
function png(width: number, height: number, claimed: readonly [number, number] = [width, height]): Buffer {
  const rows = Buffer.alloc((width * 4 + 1) * height);
  for (let i = 0; i < rows.length; i++) rows[i] = i % (width * 4 + 1) === 0 ? 0 : (i * 7) & 255;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(claimed[0], 0);
  header.writeUInt32BE(claimed[1], 4);
  header.set([8, 6], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    part("IHDR", header),
    part("IDAT", deflateSync(rows)),
    part("IEND", Buffer.alloc(0)),
  ]);
}

function part(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Of Node 22 in zlib; here for 20. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
