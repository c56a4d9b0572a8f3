/**
 * All that commands do with profiles, over the real store, network and client. Each part is loaded when it is first needed:
 * help and mistakes need none of it.
 */
import { homedir } from "node:os";
import { defaultProfileDirectory, profileExists } from "../store/profile-directory.ts";
import type { Profiles } from "./session.ts";

/** See `Profiles`. */
export const profiles: Profiles = {
  create: async (choice, name) => await (await import("./compose-profile.ts")).createProfile(choice, name),
  open: async (choice, signal) => await (await import("./compose-session.ts")).openSession(choice, signal),
  exists: profileExists,
  erase: async (directory) => await (await import("./compose-session.ts")).eraseUnowned(directory),
  inUse: async (directory) => await (await import("./compose-session.ts")).isOwned(directory),
  changePassphrase: async (choice, chosen) =>
    await (await import("./compose-secrets.ts")).changePassphrase(choice, chosen),
  recoveryWords: async (choice) => await (await import("./compose-secrets.ts")).wordsOf(choice),
  restore: async (choice, given) => await (await import("./compose-restore.ts")).restoreProfile(choice, given),
  readRecoveryWords: async (text) => (await import("./compose-secrets.ts")).readWords(text),
  isInvite: async (text) => (await import("./compose-profile.ts")).isInvite(text),
  defaultDirectory: () => defaultProfileDirectory({ platform: process.platform, env: process.env, home: homedir() }),
};
