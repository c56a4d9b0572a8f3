import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { profileExists } from "../../src/store/profile-directory.ts";
import { eraseProfile, removeLock } from "../../src/store/profile-erasure.ts";
import { acquireProfileLock } from "../../src/store/profile-lock.ts";
import { temporaryProfile } from "./temporary-profile.ts";

describe("erasing a profile", () => {
  it("overwrites its key, and leaves neither files nor directory", async () => {
    const { directory, open: openStore } = await temporaryProfile();
    await (await openStore()).close();
    await writeFile(join(directory, "key.new-1"), "left by a killed change of passphrase");
    await mkdir(join(directory, "uploads", "1-a"), { recursive: true });
    await writeFile(join(directory, "uploads", "1-a", "file"), "left by a killed web screen");
    const key = await open(join(directory, "key"), "r"); // a name can go; what it named is still read here
    const lock = await acquireProfileLock(directory);
    assert(lock.kind === "owner");
    await eraseProfile(directory);
    await lock.release();
    assert.deepEqual([...(await key.readFile())], [0, 0, 0]);
    await key.close();
    assert.equal(await profileExists(directory), false);
    await removeLock(directory);
    assert.equal(existsSync(directory), false);
  });

  it("leaves what is none of its own", async () => {
    const { directory, remove } = await temporaryProfile();
    await writeFile(join(directory, "letter.txt"), "mine");
    await eraseProfile(directory);
    await removeLock(directory);
    assert.deepEqual(await readdir(directory), ["letter.txt"]);
    assert.equal(await readFile(join(directory, "letter.txt"), "utf8"), "mine");
    await remove();
  });
});
