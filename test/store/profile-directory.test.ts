import assert from "node:assert/strict";
import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  createProfileDirectory,
  defaultProfileDirectory,
  profileExists,
  readKeyFile,
  replaceKeyFile,
} from "../../src/store/profile-directory.ts";
import { acquireProfileLock } from "../../src/store/profile-lock.ts";
import { openProfileStore } from "../../src/store/profile-store.ts";
import { isFault } from "../../src/wire/fault.ts";
import { NO_CHANGES } from "../contract/profile-store.ts";
import { DATA_KEY, temporaryDirectory } from "./temporary-profile.ts";

const KEY_FILE = Uint8Array.of(1, 2, 3);

describe("a profile directory", () => {
  let base: string;
  let directory: string;
  beforeEach(async () => {
    base = await temporaryDirectory();
    directory = join(base, "new", "profile");
  });
  afterEach(() => rm(base, { recursive: true }));

  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

  it("is made for its user alone, whatever the umask, with everything in it", async () => {
    const umask = process.umask(0);
    try {
      await createProfileDirectory(directory, KEY_FILE);
      const lock = await acquireProfileLock(directory);
      const store = await openProfileStore({ directory, dataKey: DATA_KEY });
      await store.commit({ ...NO_CHANGES, records: new Map([["a", KEY_FILE]]) });
      await replaceKeyFile(directory, KEY_FILE);
      assert.ok(lock.kind === "owner");
      await lock.announceSocket("/somewhere");
      assert.equal(await modeOf(directory), 0o700);
      const names = await readdir(directory);
      assert.deepEqual(names.sort(), [
        "key",
        "lock.db",
        "lock.socket",
        "profile.db",
        "profile.db-shm",
        "profile.db-wal",
      ]);
      for (const name of names) assert.equal(await modeOf(join(directory, name)), 0o600, name);
      await store.close();
      await lock.release();
    } finally {
      process.umask(umask);
    }
  });

  it("keeps the key file that it was given, and the one that replaces it", async () => {
    await createProfileDirectory(directory, KEY_FILE);
    assert.deepEqual(await readKeyFile(directory), KEY_FILE);
    await replaceKeyFile(directory, Uint8Array.of(9));
    assert.deepEqual(await readKeyFile(directory), Uint8Array.of(9));
    assert.deepEqual((await readdir(directory)).sort(), ["key", "profile.db"]);
  });

  it("keeps no key file of an attempt that was killed, and the whole one of several at once", async () => {
    await createProfileDirectory(directory, KEY_FILE);
    await writeFile(join(directory, "key.new-012345"), "half");
    const results = await Promise.allSettled(
      [1, 2, 3].map((n) => replaceKeyFile(directory, new Uint8Array(200).fill(n))),
    );
    assert.ok(results.some(({ status }) => status === "fulfilled"));
    for (const result of results) assert.ok(result.status === "fulfilled" || isFault(result.reason, "storage/busy"));
    const [first = 0, ...rest] = await readKeyFile(directory);
    assert.deepEqual([rest.length, rest.every((byte) => byte === first)], [199, true]);
    assert.deepEqual((await readdir(directory)).sort(), ["key", "profile.db"]);
  });

  it("exists as a profile from its creation on, and not before", async () => {
    assert.equal(await profileExists(directory), false);
    await createProfileDirectory(directory, KEY_FILE);
    assert.equal(await profileExists(directory), true);
  });

  it("is never made over another profile, also when two try at once", async () => {
    const results = await Promise.allSettled([1, 2, 3].map((n) => createProfileDirectory(directory, Uint8Array.of(n))));
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    const kept = await readKeyFile(directory);
    await assert.rejects(createProfileDirectory(directory, KEY_FILE), (e) => isFault(e, "usage/profile-exists"));
    assert.deepEqual(await readKeyFile(directory), kept);
  });

  it("is not made where a database is left without its key file", async () => {
    await createProfileDirectory(directory, KEY_FILE);
    await (await openProfileStore({ directory, dataKey: DATA_KEY })).close();
    await rm(join(directory, "key"));
    await assert.rejects(createProfileDirectory(directory, KEY_FILE), (e) => isFault(e, "usage/profile-exists"));
  });

  it("can be made where an attempt was cut off before its key file", async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, "profile.db"), "");
    await writeFile(join(directory, "key.new-012345"), "half");
    await createProfileDirectory(directory, KEY_FILE);
    assert.deepEqual(await readKeyFile(directory), KEY_FILE);
  });

  it("that others can write is refused by everything and not repaired", async () => {
    await createProfileDirectory(directory, KEY_FILE);
    for (const mode of [0o720, 0o702, 0o777]) {
      await chmod(directory, mode);
      const attempts = [
        () => readKeyFile(directory),
        () => replaceKeyFile(directory, KEY_FILE),
        () => acquireProfileLock(directory),
        () => openProfileStore({ directory, dataKey: DATA_KEY }),
      ];
      for (const attempt of attempts) {
        await assert.rejects(
          attempt,
          (error) => isFault(error, "usage/not-allowed") && /chmod go-w/.test(error.message),
        );
      }
      assert.equal(await modeOf(directory), mode);
    }
    await chmod(base, 0o777);
    await assert.rejects(createProfileDirectory(base, KEY_FILE), (error) => isFault(error, "usage/not-allowed"));
    assert.ok(!(await readdir(base)).includes("key"));
  });

  it("that is not there is usage/no-profile, not an empty profile", async () => {
    const attempts = [
      () => readKeyFile(directory),
      () => replaceKeyFile(directory, KEY_FILE),
      () => acquireProfileLock(directory),
      () => openProfileStore({ directory, dataKey: DATA_KEY }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt, (error) => isFault(error, "usage/no-profile"));
  });

  it("whose key file is absurdly long is damaged", async () => {
    await createProfileDirectory(directory, KEY_FILE);
    await writeFile(join(directory, "key"), new Uint8Array(70_000));
    await assert.rejects(readKeyFile(directory), (error) => isFault(error, "storage/corrupt"));
  });

  it("whose parent is a file is a storage fault", async () => {
    await writeFile(join(base, "new"), "");
    await assert.rejects(createProfileDirectory(directory, KEY_FILE), (error) => isFault(error, "storage/failed"));
  });
});

describe("the default profile directory", () => {
  const on = (platform: string, env: Record<string, string>, home: string) =>
    defaultProfileDirectory({ platform, env, home });

  it("follows each operating system's convention", () => {
    assert.equal(on("linux", {}, "/home/ada"), "/home/ada/.local/share/hermes");
    assert.equal(on("linux", { XDG_DATA_HOME: "/data" }, "/home/ada"), "/data/hermes");
    assert.equal(on("linux", { XDG_DATA_HOME: "relative" }, "/home/ada"), "/home/ada/.local/share/hermes");
    assert.equal(
      on("darwin", { XDG_DATA_HOME: "/data" }, "/Users/ada"),
      "/Users/ada/Library/Application Support/hermes",
    );
    assert.equal(on("win32", {}, "C:\\Users\\ada"), "C:\\Users\\ada\\AppData\\Local\\hermes");
    assert.equal(on("win32", { LOCALAPPDATA: "D:\\local" }, "C:\\Users\\ada"), "D:\\local\\hermes");
  });
});
