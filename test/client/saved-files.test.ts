import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CallContext } from "../../src/client/calls.ts";
import type { FileView } from "../../src/client/file-api.ts";
import { listFiles } from "../../src/client/file-calls.ts";
import type { FilePlace } from "../../src/client/file-transfer.ts";
import type { ProfileStore } from "../../src/client/ports/profile.ts";
import { FILES_AT_ONCE, savedFiles } from "../../src/client/saved-files.ts";
import type { FileState } from "../../src/protocol/file-state.ts";
import { FILE } from "../../src/protocol/records/file.ts";
import { GROUP, type GroupState } from "../../src/protocol/records/group.ts";
import { MAX_LINE_BYTES } from "../../src/store/socket-lines.ts";
import { encode } from "../../src/wire/encoding.ts";
import { AccountKey, ChunkId, GroupId, type TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const group = GroupId.from(filled(7));
const preview = { width: 480, height: 360, format: 1, image: new Uint8Array(24_576) };

const offered = (at: number): FileState => ({
  manifest: {
    ...{ name: `${at}.jpg`, type: "image/jpeg", size: 5, isDirectory: false, preview },
    ...{ key: filled(1), commitment: filled(2), root: ChunkId.from(filled(3)) },
  },
  ...{ from: AccountKey.from(filled(4)), isOurs: false, at: at as TimeMs, stage: { kind: "offered" }, holders: [] },
});

/** A profile with so many files of the group, made when they are asked for, and one of another group behind them. */
function profileWith(count: number) {
  const asked: number[] = [];
  const idAt = (at: number): string =>
    at < count ? `${toHex(group)}/${at.toString(16).padStart(64, "0")}` : `${"ff".repeat(32)}/${"00".repeat(32)}`;
  const state: GroupState = {
    ...{ group, name: "hikes", joinedAt: 1 as TimeMs, members: 2, entrySeq: 0, entryPrev: undefined, relays: [] },
    ...{ sending: undefined, unclosed: [], missing: [], rekeyAt: undefined },
  };
  const store = {
    scan: async (prefix: string, { after, limit }: { readonly after?: string; readonly limit: number }) => {
      if (prefix === GROUP.prefix) return [[prefix + toHex(group), encode(GROUP.codec, state)] as const];
      asked.push(limit);
      const found: (readonly [string, Uint8Array])[] = [];
      for (let at = 0; at <= count && found.length < limit; at++)
        if (after === undefined || prefix + idAt(at) > after)
          found.push([prefix + idAt(at), encode(FILE.codec, offered(at))]);
      return found;
    },
    load: async () => new Map(),
    line: async () => ({}),
  } as unknown as ProfileStore;
  return { store, asked };
}

describe("files of which others have sent thousands, each with a preview", () => {
  it("are read a page at a time, those of one group and no others", async () => {
    const { store, asked } = profileWith(1_000);
    const seen: number[] = [];
    for await (const [id, { at }] of savedFiles(store, toHex(group))) {
      assert(id.startsWith(toHex(group)));
      seen.push(at);
    }
    assert.deepEqual(seen, [...Array(1_000).keys()]);
    assert(asked.every((limit) => limit === FILES_AT_ONCE));
    let all = 0;
    for await (const _ of savedFiles(store)) all++;
    assert.equal(all, 1_001);
  });

  it("are a list that the local socket takes: the newest 4,000, and previews of the newest of them", async () => {
    const { store } = profileWith(4_500);
    const view = async ({ file }: FilePlace): Promise<FileView> => ({
      ...{
        id: toHex(file),
        name: "x".repeat(200),
        sizeBytes: 5,
        type: "t".repeat(127),
        state: "offered",
        doneBytes: 0,
      },
      ...{ path: `/${"p".repeat(400)}`, preview: { width: 480, height: 360, image: "i".repeat(32_791) } },
    });
    const { files } = await listFiles({ store, files: { view } } as unknown as CallContext, { group: "hikes" });
    assert.equal(files.length, 4_000);
    assert.equal(files.at(-1)?.id, (4_499).toString(16).padStart(64, "0"));
    const shown = files.filter((each) => each.preview !== undefined);
    assert.deepEqual(shown, files.slice(-95));
    assert(JSON.stringify(files).length < MAX_LINE_BYTES);
  });

  it("are not read for one of them", async () => {
    const { store, asked } = profileWith(4_500);
    const view = async ({ file }: FilePlace) => ({ id: toHex(file) }) as FileView;
    const context = { store, files: { view } } as unknown as CallContext;
    const file = "0f".repeat(32);
    assert.deepEqual((await listFiles(context, { group: "hikes", file })).files, [{ id: file }]);
    assert.deepEqual((await listFiles(context, { group: "hikes", file: "../.." })).files, []);
    assert.deepEqual(asked, []);
  });
});
