import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fileCommitment, fileKeysOf } from "../../src/crypto/file-chunk.ts";
import { changeFile, fileBitsId, fileListId, fileShelf } from "../../src/protocol/files.ts";
import { FILE, FILE_BITS, FILE_LIST } from "../../src/protocol/records/file.ts";
import { idOf } from "../../src/protocol/records/record.ts";
import type { FileManifest } from "../../src/wire/file-manifest.ts";
import { ChunkId, type GroupId, MessageId } from "../../src/wire/ids.ts";
import { fromHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { pair } from "./forged-message.ts";

const KEY = new Uint8Array(32).fill(9);
const { topic } = fileKeysOf(p, KEY);

/** What a message says of a file under KEY; every `root` is another file, under one key. */
function manifestOf(root: number): FileManifest {
  const made = { key: KEY, size: 600_000, root: ChunkId.from(new Uint8Array(32).fill(root)) };
  const commitment = fileCommitment(p, KEY, made.size, made.root);
  return { ...made, commitment, name: `${root}.txt`, type: "text/plain", isDirectory: false, preview: undefined };
}

const SAVED = { path: "/home/a.txt", isSpool: false, modified: 1 };
const send = (by: Device, group: GroupId, root: number, call: string): void =>
  void by.put({ kind: "send-file", group, manifest: manifestOf(root), saved: SAVED, call });

function fetching(device: Device, group: GroupId, file: MessageId, part = ""): void {
  const stage = { kind: "fetching" as const, directory: "/d", name: "a", isExact: false, part };
  device.run((work) => changeFile(work, { kind: "stage", group, file, stage }));
}

const filesOf = (device: Device): readonly MessageId[] =>
  device.ids(FILE).map((id) => MessageId.from(fromHex(id.split("/")[1] ?? "") ?? new Uint8Array()));

describe("files whose messages name a key that another file has", () => {
  it("share no progress: what one has fetched does not count as fetched for the other", () => {
    const { scene, ann, bob, group } = pair();
    send(ann, group, 1, "a1");
    send(ann, group, 1, "a2");
    scene.carry(ann, bob);
    const [first, second] = filesOf(bob);
    assert(first && second);
    for (const file of [first, second]) fetching(bob, group, file, "/d/part");
    const bits = { kind: "bits" as const, group, file: first, path: "/d/part", list: 0, bits: Uint8Array.of(7) };
    bob.run((work) => changeFile(work, bits));
    const shelf = (file: MessageId): string => fileShelf(bob.existing(FILE, idOf(group, file)), file, topic);
    assert.deepEqual(bob.record(FILE_BITS, fileBitsId(shelf(first), 0))?.bits, Uint8Array.of(7));
    assert.equal(bob.record(FILE_BITS, fileBitsId(shelf(second), 0)), undefined);
  });

  it("are fetched anew after they were cancelled: what the fetch before says at its end does not count", () => {
    const { scene, ann, bob, group } = pair();
    send(ann, group, 1, "a1");
    scene.carry(ann, bob);
    const [file] = filesOf(bob);
    assert(file);
    const isTold = (path: string): boolean =>
      bob.run((work) => changeFile(work, { kind: "bits", group, file, path, list: 0, bits: Uint8Array.of(7) })).answer;
    const shelf = fileShelf(bob.existing(FILE, idOf(group, file)), file, topic);
    fetching(bob, group, file, "/d/before");
    assert.equal(isTold("/d/before"), true);
    bob.run((work) => changeFile(work, { kind: "stage", group, file, stage: { kind: "cancelled" } }));
    for (const part of ["", "/d/after"]) {
      fetching(bob, group, file, part);
      assert.equal(isTold("/d/before"), false);
      assert.equal(bob.record(FILE_BITS, fileBitsId(shelf, 0)), undefined);
    }
    assert.equal(isTold("/d/after"), true);
  });

  it("leave the lists of ours alone, whatever is fetched or cancelled under our key", () => {
    const { scene, ann, bob, group } = pair();
    const [own, foreign] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    send(ann, group, 1, "a1");
    const [ours] = filesOf(ann);
    assert(ours);
    const ourShelf = fileShelf(ann.existing(FILE, idOf(group, ours)), ours, topic);
    ann.run((work) => changeFile(work, { kind: "list", shelf: ourShelf, level: 1, index: 0, hashes: own }));
    send(bob, group, 2, "b1");
    scene.carry(ann, bob);
    const theirs = filesOf(ann).find((each) => each.some((byte, at) => byte !== ours[at])) ?? assert.fail();
    fetching(ann, group, theirs);
    const shelf = fileShelf(ann.existing(FILE, idOf(group, theirs)), theirs, topic);
    ann.run((work) => changeFile(work, { kind: "list", shelf, level: 1, index: 0, hashes: foreign }));
    assert.deepEqual(ann.existing(FILE_LIST, fileListId(ourShelf, 1, 0)).hashes, own);
    const stage = { kind: "cancelled" as const };
    ann.run((work) => changeFile(work, { kind: "stage", group, file: theirs, stage }));
    assert.deepEqual(ann.existing(FILE_LIST, fileListId(ourShelf, 1, 0)).hashes, own);
    assert.equal(ann.record(FILE_LIST, fileListId(shelf, 1, 0)), undefined);
  });
});
