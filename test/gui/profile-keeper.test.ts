import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CallOptions, ProfileChoice, Profiles, Session } from "../../src/cli/session.ts";
import type { ProfileState } from "../../src/client/view/screen-messages.ts";
import { createProfileKeeper } from "../../src/gui/profile-keeper.ts";
import { Fault } from "../../src/wire/fault.ts";

/** A session that is followed until it is closed. */
const session = {
  owns: async () => true,
  close: async () => undefined,
  call: async (method: string, _: unknown, { emit, signal }: CallOptions = {}) => {
    if (method !== "follow") return { groups: [], sent: true, withdrawn: true };
    emit?.({ event: "following" });
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    throw new Fault("network/closed", "over");
  },
} as unknown as Session;

describe("The profile behind the screen", () => {
  it("is told to be locked when deleting the account ends in the middle of erasing", async () => {
    const states: ProfileState["phase"][] = [];
    const profiles = {
      exists: async () => true,
      open: async () => session,
      erase: async () => {
        throw new Fault("storage/failed", "the disk is read-only");
      },
    } as unknown as Profiles;
    const keeper = await createProfileKeeper({
      profiles,
      choice: { directory: "/profile" } as unknown as ProfileChoice,
      defaultRelays: [],
      happened: () => undefined,
      lost: () => undefined,
      changed: ({ phase }) => void states.push(phase),
    });
    await keeper.unlock("seven-otters");
    await assert.rejects(keeper.leave(), { code: "storage/failed" });
    assert.deepEqual([states, keeper.state().phase], [["open", "locked"], "locked"]);
  });
});
