import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ProfileStore } from "../../src/client/ports/profile.ts";
import { CONVERSATION_SQL } from "../../src/store/conversation-table.ts";
import { SLOT_SQL } from "../../src/store/erasable-values.ts";
import { openProfileDatabase } from "../../src/store/profile-database.ts";
import { MIGRATIONS } from "../../src/store/profile-schema.ts";
import { RECORD_SQL } from "../../src/store/record-table.ts";
import { storageFault } from "../../src/store/storage-fault.ts";
import { type FaultCode, isFault } from "../../src/wire/fault.ts";
import { GROUP, line, lineId, NO_CHANGES, profileStoreContract } from "../contract/profile-store.ts";
import { childCommand, killChildren, startChild } from "./child-process.ts";
import {
  allFiles,
  DATA_KEY,
  decryptedImage,
  type TemporaryProfile,
  temporaryDirectory,
  temporaryProfile,
  unlockedDatabase,
} from "./temporary-profile.ts";

profileStoreContract("the encrypted profile database", async () => {
  const profile = await temporaryProfile();
  let store = await profile.open();
  return {
    store,
    reopen: async () => {
      await store.close().catch(() => undefined);
      store = await profile.open();
      return store;
    },
    dispose: async () => {
      await store.close().catch(() => undefined);
      await profile.remove();
    },
  };
});

describe("the profile database", () => {
  let profile: TemporaryProfile;
  beforeEach(async () => {
    profile = await temporaryProfile();
  });
  afterEach(async () => {
    await killChildren();
    await profile.remove();
  });

  const path = () => join(profile.directory, "profile.db");
  const commitRecords = (store: ProfileStore, ...records: [string, Uint8Array | null][]) =>
    store.commit({ ...NO_CHANGES, records: new Map(records) });

  describe("durability", () => {
    it("has every acknowledged commit after kill -9 of the writer", async function () {
      this.timeout(20_000);
      const child = startChild(childCommand("committing", profile.directory));
      let acknowledged = 0;
      while (acknowledged < 60) acknowledged = Number(await child.line());
      await child.kill();
      const store = await profile.open();
      const last = (await store.load(["last"])).get("last") ?? Uint8Array.of();
      const committed = ((last[0] ?? 0) << 8) | (last[1] ?? 0);
      assert.ok(committed >= acknowledged, `${committed} of ${acknowledged}`);
      assert.equal((await store.scan("commit/", { limit: 100_000 })).length, committed);
      assert.equal((await store.history({ group: GROUP, limit: 10_000 })).length, Math.min(committed, 10_000));
      assert.equal((await store.history({ group: GROUP, limit: 10_000, search: "message" })).length, committed);
      await store.close();
    });

    it("sets what durability and erasure rest on at every open", async () => {
      for (let i = 0; i < 2; i++) {
        const database = openProfileDatabase({ directory: profile.directory, dataKey: DATA_KEY });
        const setting = (name: string) => database.pragma(name, { simple: true });
        assert.deepEqual(
          ["journal_mode", "synchronous", "secure_delete", "temp_store", "wal_autocheckpoint"].map(setting),
          ["wal", 2, 1, 2, 0],
        );
        database.close();
      }
    });

    it("answers storage/full when the disk is, keeps what it acknowledged, and goes on when there is room", async function () {
      this.timeout(20_000);
      const disk = await temporaryDirectory();
      const mount = 'mount -t tmpfs -o size=700k none "$0" && exec "$@"';
      try {
        execFileSync("unshare", ["-rm", "sh", "-c", mount, disk, "true"], { stdio: "ignore" });
      } catch {
        await rm(disk, { recursive: true });
        this.skip();
      }
      const child = startChild(["unshare", "-rm", "sh", "-c", mount, disk, ...childCommand("filling", disk)]);
      const { code, message, acknowledged, kept, lines } = JSON.parse(await child.line());
      await child.ended();
      await rm(disk, { recursive: true });
      assert.equal(code, "storage/full");
      assert.match(message, /full.*not saved.*free some space/);
      assert.ok(acknowledged > 3);
      assert.deepEqual([kept, lines], [acknowledged + 1, acknowledged + 1]);
    });
  });

  describe("what a thief finds", () => {
    const planted = ["Dinner at the lighthouse", "Grace Hopper", "ratchet/alpha", "lighthouse"];

    it("is nothing that was written, in no file, open or closed; the scan finds a control string", async () => {
      const store = await profile.open();
      await store.commit({
        ...NO_CHANGES,
        records: new Map([["ratchet/alpha", Buffer.from("lighthouse keeper")]]),
        lines: [line(1, { text: "Dinner at the lighthouse", name: "Grace Hopper" })],
      });
      await writeFile(join(profile.directory, "control"), "the control string");
      const opened = await allFiles(profile.directory);
      await store.close();
      const closed = await allFiles(profile.directory);
      for (const files of [opened, closed]) {
        assert.ok(files.includes("the control string"));
        for (const text of planted) assert.ok(!files.includes(text), text);
      }
    });

    /** The secrets that open the stored values now, found with the key. */
    const secretsIn = (): Set<string> => {
      const database = unlockedDatabase(path());
      const rows = database.prepare("SELECT secret FROM slot WHERE free = 0").all() as { secret: Buffer }[];
      database.close();
      return new Set(rows.map(({ secret }) => secret.toString("hex")));
    };

    it("is no value that was erased or overwritten, even with the key: what opened it is in no page", async () => {
      const store = await profile.open();
      const seen = new Set<string>();
      const values: Buffer[] = [];
      for (let round = 0; round < 60; round++) {
        const records = new Map<string, Uint8Array | null>();
        for (let i = 0; i < 25; i++) {
          const value = randomBytes((round * 37 + i * 101) % (i === 7 ? 9000 : 700));
          records.set(`key/${randomBytes(1)[0]}`, i % 3 === 0 ? null : value);
          if (value.length >= 16) values.push(value);
        }
        await store.commit({ ...NO_CHANGES, records });
        for (const secret of secretsIn()) seen.add(secret);
      }
      await store.close();
      const image = await decryptedImage(profile.directory);
      const live = secretsIn();
      const found = [...seen].filter((secret) => image.includes(secret, "hex"));
      assert.ok(seen.size > live.size + 500);
      assert.deepEqual(found.toSorted(), [...live].toSorted());
      assert.equal(values.filter((value) => image.includes(value)).length, 0);
    });

    it("is none of a thousand values written once and erased at once", async () => {
      const store = await profile.open();
      const keys = Array.from({ length: 1000 }, (_, n) => `key/${n}`);
      await commitRecords(store, ...keys.map((key): [string, Uint8Array] => [key, Uint8Array.of(1)]));
      const secrets = secretsIn();
      await commitRecords(store, ...keys.map((key): [string, null] => [key, null]));
      await store.close();
      const image = await decryptedImage(profile.directory);
      assert.equal(secrets.size, 1000);
      assert.equal([...secrets].filter((secret) => image.includes(secret, "hex")).length, 0);
    });

    it("is no old page in the write-ahead log either, two seconds after the commit", async () => {
      const wakes: { readonly delayMs: number; readonly wake: () => void }[] = [];
      const store = await profile.open({
        after: (delayMs, wake) => {
          wakes.push({ delayMs, wake });
          return () => undefined;
        },
      });
      await commitRecords(store, ["key", randomBytes(100)]);
      await commitRecords(store, ["key", null]);
      assert.ok((await stat(`${path()}-wal`)).size > 0);
      assert.equal(wakes.length, 1);
      assert.ok((wakes[0]?.delayMs ?? Number.NaN) <= 2000);
      wakes[0]?.wake();
      assert.equal((await stat(`${path()}-wal`)).size, 0);
      await commitRecords(store, ["key", randomBytes(100)]);
      assert.equal(wakes.length, 2);
      await store.close();
      assert.ok(!(await readdir(profile.directory)).includes("profile.db-wal"));
    });

    it("is moved out of the write-ahead log of a busy profile by a thread, and is there in another process", async () => {
      const store = await profile.open({ after: () => () => undefined });
      const value = new Uint8Array(randomBytes(1_000_000));
      for (let i = 0; i < 3; i++) await commitRecords(store, ["large", value]);
      while ((await stat(`${path()}-wal`)).size > 0) await new Promise((resolve) => setImmediate(resolve));
      const copy = await temporaryProfile();
      await copyFile(path(), join(copy.directory, "profile.db"));
      const other = await copy.open();
      assert.deepEqual((await other.load(["large"])).get("large"), value);
      for (let i = 0; i < 40; i++) await commitRecords(store, [`key/${i}`, randomBytes(400_000)]);
      await Promise.all([other.close(), store.close()]);
      assert.ok(!(await readdir(profile.directory)).includes("profile.db-wal"));
      const again = await profile.open();
      assert.equal((await again.scan("key/", { limit: 100 })).length, 40);
      await again.close();
      await copy.remove();
    });

    it("is moved out of the write-ahead log of a busy profile without a thread, in a turn of its own and not within the commit", async () => {
      const wakes = new Map<() => void, number>();
      const store = await profile.open({
        hasThread: false,
        after: (delayMs, wake) => {
          wakes.set(wake, delayMs);
          return () => wakes.delete(wake);
        },
      });
      for (let i = 0; i < 5; i++) await commitRecords(store, ["large", randomBytes(1_000_000)]);
      assert.ok((await stat(`${path()}-wal`)).size >= 4_194_304);
      assert.deepEqual([...wakes.values()], [0]);
      for (const wake of wakes.keys()) wake();
      assert.equal((await stat(`${path()}-wal`)).size, 0);
      await store.close();
    });

    it("never stays long in the write-ahead log, even if nobody leaves time for it", async () => {
      const store = await profile.open({ after: () => () => undefined });
      for (let i = 0; i < 24; i++) {
        await commitRecords(store, ["large", randomBytes(1_000_000)]);
        assert.ok((await stat(`${path()}-wal`)).size < 18_000_000);
      }
      await store.close();
    });
  });

  it("knows lines apart whose ids end alike, and has each once", async () => {
    const store = await profile.open();
    const [one, other] = ["a", "b"].map((end, i) =>
      line(i + 1, { id: `${end}${"0".repeat(63)}`, text: `text ${end}` }),
    );
    assert(one && other);
    await store.commit({ ...NO_CHANGES, lines: [one, other, { ...one, text: "again" }] });
    await store.commit({ ...NO_CHANGES, lines: [{ ...other, text: "again" }] });
    await store.commit({ ...NO_CHANGES, lineStates: [{ group: GROUP, id: other.id, state: "delivered" }] });
    assert.equal((await store.line(GROUP, one.id))?.text, "text a");
    assert.deepEqual(await store.line(GROUP, other.id), { ...other, state: "delivered" });
    assert.equal(await store.lineDepth(GROUP, `c${"0".repeat(63)}`), undefined);
    await store.commit({ ...NO_CHANGES, removedLines: [{ group: GROUP, id: one.id }] });
    assert.deepEqual(
      (await store.history({ group: GROUP, limit: 10 })).map(({ id }) => id),
      [other.id],
    );
    await store.close();
  });

  it("keeps its search index equal to its lines when some are removed", async () => {
    const store = await profile.open();
    await store.commit({ ...NO_CHANGES, lines: [line(1), line(2, { text: "only here" })] });
    await store.commit({ ...NO_CHANGES, removedLines: [{ group: GROUP, id: lineId(2) }] });
    await store.close();
    const database = openProfileDatabase({ directory: profile.directory, dataKey: DATA_KEY });
    database.exec("INSERT INTO line_text (line_text, rank) VALUES ('integrity-check', 1)");
    database.close();
  });

  describe("a file that it cannot read", () => {
    const refused = async (code: FaultCode, options: { dataKey?: Uint8Array } = {}) => {
      const before = await readFile(path()).catch(() => undefined);
      await assert.rejects(profile.open(options), (error) => {
        assert.ok(isFault(error, code), String(error));
        assert.match(error.message, /^[^.]*(\.[^. ][^.]*)*; [^.]+\.$/, "one sentence with a next step");
        return true;
      });
      assert.deepEqual(await readFile(path()).catch(() => undefined), before);
    };
    const write = async () => {
      const store = await profile.open();
      await store.commit({ ...NO_CHANGES, lines: Array.from({ length: 500 }, (_, n) => line(n)) });
      await store.close();
    };

    it("is refused and left alone: another key", async () => {
      await write();
      await refused("storage/corrupt", { dataKey: new Uint8Array(32) });
    });

    it("is refused and left alone: foreign bytes, a plain database, a missing one", async () => {
      await writeFile(path(), randomBytes(20_000));
      await refused("storage/corrupt");
      await writeFile(path(), `SQLite format 3\0${"x".repeat(8000)}`);
      await refused("storage/corrupt");
      await rm(path());
      await refused("storage/corrupt");
    });

    it("is refused and left alone: a newer schema", async () => {
      await write();
      const database = unlockedDatabase(path());
      database.pragma(`user_version = ${MIGRATIONS.length + 1}`);
      database.close();
      await refused("storage/too-new");
    });

    it("is storage/corrupt when a page in the middle was damaged or the end is missing", async () => {
      await write();
      const { size } = await stat(path());
      const file = await open(path(), "r+");
      for (let page = 1; page * 4096 < size; page++) await file.write(randomBytes(64), 0, 64, page * 4096 + 100);
      await file.close();
      const read = async () => {
        const store = await profile.open();
        await store.history({ group: GROUP, limit: 10_000 }).finally(() => store.close().catch(() => undefined));
      };
      await assert.rejects(read(), (error) => isFault(error, "storage/corrupt"));
      await truncate(path(), 4096);
      await assert.rejects(read(), (error) => isFault(error, "storage/corrupt"));
    });

    it("never shows the key in an error", async () => {
      await write();
      const dataKey = Uint8Array.from(randomBytes(32));
      const error = await profile.open({ dataKey }).catch((thrown: Error) => thrown);
      assert.ok(error instanceof Error && error.cause instanceof Error);
      const shown = [error, error.cause].flatMap((each) => [each.message, each.stack, JSON.stringify(each)]).join("\n");
      assert.ok(!shown.toLowerCase().includes(Buffer.from(dataKey).toString("hex").slice(0, 8)));
    });

    it("has a code and a sentence for each kind of failure", () => {
      const cases: readonly (readonly [string, FaultCode])[] = [
        ["SQLITE_FULL", "storage/full"],
        ["ENOSPC", "storage/full"],
        ["SQLITE_BUSY_SNAPSHOT", "storage/busy"],
        ["SQLITE_READONLY_DBMOVED", "storage/failed"],
        ["EACCES", "storage/failed"],
        ["SQLITE_IOERR_WRITE", "storage/failed"],
        ["SQLITE_CORRUPT_VTAB", "storage/corrupt"],
        ["SQLITE_NOTADB", "storage/corrupt"],
        ["ERR_INVALID_ARG_TYPE", "internal/invariant"],
      ];
      for (const [code, fault] of cases) {
        const { code: found, message } = storageFault(Object.assign(new Error("x"), { code }), profile.directory);
        assert.equal(found, fault, code);
        assert.match(message, /; .+\.$/);
      }
    });
  });

  describe("with 100,000 lines", () => {
    it("finds pages, searches and unread lines by index, and answers them right", async function () {
      this.timeout(60_000);
      const store = await profile.open();
      for (let first = 0; first < 100_000; first += 10_000) {
        const lines = Array.from({ length: 10_000 }, (_, i) => line(first + i));
        await store.commit({ ...NO_CHANGES, lines });
      }
      const page = await store.history({ group: GROUP, limit: 2, before: lineId(50_000) });
      assert.deepEqual(page, [line(49_998), line(49_999)]);
      assert.deepEqual(await store.history({ group: GROUP, limit: 9, search: "message 77777" }), [line(77_777)]);
      assert.equal(await store.unread(GROUP), 100_000);
      await store.close();
      const database = openProfileDatabase({ directory: profile.directory, dataKey: DATA_KEY });
      const plans = [CONVERSATION_SQL, RECORD_SQL, SLOT_SQL].flatMap((each) => Object.entries(each));
      for (const [name, sql] of plans) {
        const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`);
        const names = [...sql.matchAll(/@(\w+)/g)].map(([, parameter]) => [parameter, 1]);
        const detail = (
          names.length > 0
            ? steps.all(Object.fromEntries(names))
            : steps.all(...Array(sql.split("?").length - 1).fill(1))
        ).map((row) => (row as { detail: string }).detail);
        assertIndexed(name, detail);
      }
      database.close();
    });

    const assertIndexed = (name: string, detail: readonly string[]) => {
      const sorts = detail.some((step) => step.includes("TEMP B-TREE"));
      assert.equal(
        sorts,
        ["found", "foundBefore", "newestUnread", "newestSince", "oldestUnread"].includes(name),
        `${name}: ${detail.join("; ")}`,
      );
      for (const step of detail.filter((each) => each.startsWith("SCAN"))) {
        assert.match(step, /VIRTUAL TABLE INDEX|COVERING INDEX slot_free/, `${name}: ${detail.join("; ")}`);
      }
    };
  });
});
