import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FileView } from "../../src/client/file-api.ts";
import type { Transfer } from "../../src/client/file-transfer.ts";
import { fileView } from "../../src/client/file-views.ts";
import type { ProfileStore } from "../../src/client/ports/profile.ts";
import { PREVIEW_FORMAT } from "../../src/wire/file-manifest.ts";
import { AccountKey, ChunkId, GroupId, MessageId, type TimeMs } from "../../src/wire/ids.ts";

const ID = new Uint8Array(32);
const PLACE = { group: GroupId.from(ID), file: MessageId.from(ID) };
/** Nothing is looked up for a file that nobody fetches. */
const STORE = {} as ProfileStore;

/** A JPEG's beginning: its frame header says how large it is. */
function jpegOf(width: number, height: number): Uint8Array {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return Uint8Array.of(0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, ...size, 1, 1, 0x11, 0, 0xff, 0xd9);
}

/** A WebP's beginning, lossless. */
function webpOf(width: number, height: number): Uint8Array {
  const out = new Uint8Array(32);
  out.set(new TextEncoder().encode("RIFF\u0018\0\0\0WEBPVP8L"));
  new DataView(out.buffer).setUint32(21, ((width - 1) | ((height - 1) << 14)) >>> 0, true);
  return out;
}

type Known = Parameters<typeof fileView>[2];
type Preview = NonNullable<Known["manifest"]["preview"]>;

/** As people see a file that stands so. */
function shown(stage: Known["stage"], preview?: Preview, transfer?: Transfer): Promise<FileView> {
  const manifest = { name: "a.jpg", type: "image/jpeg", size: 9, isDirectory: false, key: ID, commitment: ID, preview };
  const state = {
    manifest: { ...manifest, root: ChunkId.from(ID) },
    from: AccountKey.from(ID),
    isOurs: false,
    at: 0 as TimeMs,
    stage,
    holders: [],
  };
  return fileView(STORE, PLACE, state, { nowMs: 0, doneBytes: 0, transfer });
}

async function previewShown(format: number, image: Uint8Array): Promise<string | undefined> {
  return (await shown({ kind: "offered" }, { width: 4_000, height: 3_000, format, image })).preview?.image;
}

describe("a file", () => {
  it("says why it failed, and why a transfer does not go on, and nothing where all is well", async () => {
    const told = { isWaiting: false, reason: "nobody has it", full: undefined, bytes: undefined };
    const transfer = (change: Partial<Transfer["told"]>) => ({ told: { ...told, ...change } }) as Transfer;
    assert.equal((await shown({ kind: "failed", reason: "it was changed" })).reason, "it was changed");
    assert.equal((await shown({ kind: "offered" }, undefined, transfer({}))).reason, "nobody has it");
    assert.equal((await shown({ kind: "offered" }, undefined, transfer({ full: "no room" }))).reason, "no room");
    assert.equal("reason" in (await shown({ kind: "offered" })), false);
  });
});

describe("a file's preview, which its sender made", () => {
  it("is shown as the format that it is", async () => {
    assert.match((await previewShown(PREVIEW_FORMAT.jpeg, jpegOf(480, 360))) ?? "", /^data:image\/jpeg;base64,\/9j/);
    assert.match((await previewShown(PREVIEW_FORMAT.webp, webpOf(480, 360))) ?? "", /^data:image\/webp;base64,UklG/);
  });

  it("is not shown when drawing it would take a gigabyte, or it is something else", async () => {
    const refused = [
      [PREVIEW_FORMAT.jpeg, jpegOf(65_000, 65_000)],
      [PREVIEW_FORMAT.webp, webpOf(16_383, 16_383)],
      [PREVIEW_FORMAT.jpeg, webpOf(480, 360)],
      [PREVIEW_FORMAT.webp, new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>")],
      [PREVIEW_FORMAT.jpeg, new Uint8Array()],
    ] as const;
    for (const [format, image] of refused) assert.equal(await previewShown(format, image), undefined);
  });
});
