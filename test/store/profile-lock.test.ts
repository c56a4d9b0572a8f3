import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { callLocalSocket } from "../../src/store/local-call.ts";
import { acquireProfileLock, type OwnedByUs } from "../../src/store/profile-lock.ts";
import { isFault } from "../../src/wire/fault.ts";
import { childCommand, killChildren, startChild } from "./child-process.ts";
import { type TemporaryProfile, temporaryProfile } from "./temporary-profile.ts";

describe("the profile lock", () => {
  let profile: TemporaryProfile;
  beforeEach(async () => {
    profile = await temporaryProfile();
  });
  afterEach(async () => {
    await killChildren();
    await profile.remove();
  });

  const acquire = () => acquireProfileLock(profile.directory);
  const own = async (): Promise<OwnedByUs> => {
    const lock = await acquire();
    assert.ok(lock.kind === "owner");
    return lock;
  };

  it("has one owner, also within one process, and is free after its release", async () => {
    const lock = await own();
    assert.deepEqual(await acquire(), { kind: "owned", socketPath: undefined });
    await lock.release();
    await lock.release();
    await (await own()).release();
  });

  it("goes to one of many that ask at once", async () => {
    const locks = await Promise.all(Array.from({ length: 10 }, acquire));
    const owners = locks.filter((lock) => lock.kind === "owner");
    assert.equal(owners.length, 1);
    for (const lock of owners) await lock.release();
  });

  it("names the owner's socket as long as it is owned", async () => {
    const lock = await own();
    await lock.announceSocket("/run/first");
    await lock.announceSocket("/run/second");
    assert.deepEqual(await acquire(), { kind: "owned", socketPath: "/run/second" });
    await lock.release();
    const next = await own();
    assert.deepEqual(await acquire(), { kind: "owned", socketPath: undefined });
    await next.release();
  });

  it("is respected between processes, in both directions", async function () {
    this.timeout(20_000);
    const lock = await own();
    await lock.announceSocket("/run/ours");
    const late = startChild(childCommand("owning", profile.directory));
    assert.equal(await late.line(), "owned /run/ours");
    await late.ended();
    await lock.release();
    const child = startChild(childCommand("owning", profile.directory));
    const [kind, socketPath] = (await child.line()).split(" ");
    assert.equal(kind, "owner");
    assert.deepEqual(await acquire(), { kind: "owned", socketPath });
    await child.kill();
  });

  it("is free the moment its owner was killed; a call that was running there ends with network/closed", async function () {
    this.timeout(20_000);
    const child = startChild(childCommand("owning", profile.directory));
    const socketPath = (await child.line()).split(" ")[1] ?? "";
    const request = { id: "call-1", method: "wait", params: null };
    const running = callLocalSocket(socketPath, request, { onEvent: () => void child.kill() });
    await assert.rejects(running, (error) => isFault(error, "network/closed"));
    await child.kill();
    const lock = await own();
    assert.deepEqual(await acquire(), { kind: "owned", socketPath: undefined }, "not the dead owner's socket");
    await assert.rejects(callLocalSocket(socketPath, request), (error) => isFault(error, "network/closed"));
    await lock.release();
  });
});
