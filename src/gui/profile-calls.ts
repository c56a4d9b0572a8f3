/** What each call about the profile around the client does. One function a method; shapes in screen-methods.ts. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { probeRelay } from "../cli/relay-probe.ts";
import { recoveryMistake } from "../cli/render-recovery.ts";
import type { ProfileMethods } from "../client/view/screen-methods.ts";
import { Fault } from "../wire/fault.ts";
import { fixedPassphrase } from "./fixed-passphrase.ts";
import type { PassphraseTries } from "./passphrase-tries.ts";
import type { ProfileKeeper } from "./profile-keeper.ts";

/** What these calls work with. */
export interface ProfileCallParts {
  readonly keeper: ProfileKeeper;
  readonly tries: PassphraseTries;
}

export type ProfileCalls = {
  readonly [M in keyof ProfileMethods]: (
    parts: ProfileCallParts,
    params: ProfileMethods[M][0],
  ) => Promise<ProfileMethods[M][1]>;
};

/** How long a restored device waits to be let into its groups before it is shown as it is (ms). */
const RESTORE_WAIT_MS = 5_000;

export const PROFILE_CALLS: ProfileCalls = {
  "profile-create": async ({ keeper }, { name, passphrase, relays }) =>
    await keeper.make(passphrase, async (choice) => {
      const made = await keeper.profiles.create({ ...choice, relays: textsOf(relays) }, name);
      return { account: made.account, fingerprint: made.fingerprint, recoveryWords: made.recovery };
    }),
  "profile-restore": async ({ keeper }, { words, name, passphrase, relays }) =>
    await keeper.make(passphrase, async (choice) => {
      const given = { words, name, account: undefined, waitMs: RESTORE_WAIT_MS };
      const made = await keeper.profiles.restore({ ...choice, relays: textsOf(relays) }, given);
      return { account: made.account, fingerprint: made.fingerprint, name: made.name };
    }),
  "profile-unlock": async ({ keeper, tries }, { passphrase }) => {
    await tries.guard(() => keeper.unlock(passphrase));
    return {};
  },
  "profile-lock": async ({ keeper }) => {
    await keeper.lock();
    return {};
  },
  "account-delete": async ({ keeper }, { name }) => {
    const me = await keeper.session().call("whoami", {});
    if (name.trim() !== me.name)
      throw new Fault("usage/bad-argument", "that is not the name of your account, so nothing was deleted.");
    return await keeper.leave();
  },
  "passphrase-change": async ({ keeper, tries }, { from, to }) => {
    const { profiles, choice } = keeper;
    const chosen = fixedPassphrase(to).chosen;
    await tries.guard(() => profiles.changePassphrase({ ...choice, passphrases: fixedPassphrase(from) }, chosen));
    return {};
  },
  "recovery-show": async ({ keeper, tries }, { passphrase }) => {
    const { profiles, choice } = keeper;
    const asked = { ...choice, passphrases: fixedPassphrase(passphrase) };
    return { recoveryWords: await tries.guard(() => profiles.recoveryWords(asked)) };
  },
  "recovery-check": async ({ keeper }, { words }) => {
    const { account } = await keeper.session().call("whoami", {});
    const reading = await keeper.profiles.readRecoveryWords(words);
    if (reading.kind !== "account") return { matches: false, reason: recoveryMistake(reading) };
    if (reading.account === account) return { matches: true };
    return { matches: false, reason: "These are recovery words, but they belong to another account." };
  },
  "relay-try": async (_, { address }) => await tryRelay(address),
  storage: async ({ keeper }) => await storageOf(keeper.choice.directory),
};

function textsOf(relays: readonly string[]): readonly string[] {
  if (Array.isArray(relays)) return relays;
  throw new Fault("usage/bad-argument", "relays is a list of addresses");
}

async function tryRelay(address: string): Promise<ProfileMethods["relay-try"][1]> {
  const probe = await probeRelay(address);
  switch (probe.kind) {
    case "answers":
      return { state: "connected" };
    case "no-name":
      return { state: "unreachable", reason: `There is no machine called ${probe.host}; look for a misspelling.` };
    case "closed":
      return {
        state: "refused",
        reason: `The machine answers, and no relay listens at ${probe.place}; is it running?`,
      };
    case "silent":
      return {
        state: "unreachable",
        reason: `Nothing answers at ${probe.place}; check address, network and firewall.`,
      };
    case "unknown":
      return {
        state: "refused",
        reason: "This is no relay's address: it looks like /ip4/192.0.2.7/tcp/33001/p2p/12D3…",
      };
  }
}

/** Bytes of the database's files, and of everything else in the profile. */
async function storageOf(directory: string): Promise<ProfileMethods["storage"][1]> {
  const used = { databaseBytes: 0, filesBytes: 0 };
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const size = (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
    const isDatabase = entry.parentPath === directory && entry.name.startsWith("profile.db");
    if (isDatabase) used.databaseBytes += size;
    else used.filesBytes += size;
  }
  return used;
}
