/**
 * Making and unlocking a profile: key file (crypto), directory and database (store), first records (client).
 *
 * A profile that cannot be finished is taken away again, so that the same command can be repeated.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkName, setUpAccount } from "../client/account-setup.ts";
import type { Client } from "../client/api.ts";
import { startClient } from "../client/client.ts";
import { isInviteLink } from "../client/invite-calls.ts";
import type { Clock } from "../client/ports/clock.ts";
import type { Network } from "../client/ports/network.ts";
import type { ProfileStore } from "../client/ports/profile.ts";
import { createPartStore } from "../store/part-store.ts";
import { createProfileDirectory, profileExists } from "../store/profile-directory.ts";
import { acquireProfileLock, type OwnedByUs } from "../store/profile-lock.ts";
import { type OpenProfileStore, openProfileStore } from "../store/profile-store.ts";
import { Fault } from "../wire/fault.ts";
import { RELAYS_MAX } from "../wire/limits.ts";
import { primitives, systemRandom, wrap } from "./compose-key.ts";
import type { CreatedProfile, ProfileChoice } from "./session.ts";

const DATA_KEY_BYTES = 32;
/** The longest time that a timer of Node can take (ms). */
const TIMER_MAX_MS = 2_147_483_647;
/** How long `init` tries to make the new account known to its relays (ms); the next start does it too. */
const INTRODUCE_MS = 5_000;

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: Date.now,
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, Math.min(delayMs, TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
};

/** The network of a profile. libp2p is loaded only here: commands that ask another process do without it. */
export async function networkFor(
  { relays, noRelay = false, members, accessToken }: ProfileChoice,
  log?: OpenProfileStore["envelopes"],
): Promise<Network> {
  const { createNetwork } = await import("../net/client-network.ts");
  const serving = log && members ? { members: { ...members, log, verifier: primitives } } : {};
  const network = createNetwork({ accessToken, noRelay, ...serving });
  network.useRelays(relays, "us");
  return network;
}

/** A client on an unlocked store; the store is closed if it cannot start. */
export async function clientOn(store: OpenProfileStore, choice: ProfileChoice): Promise<Client> {
  try {
    const network = await networkFor(choice, store.envelopes);
    return await startClient({
      primitives,
      store,
      network,
      clock: systemClock,
      random: systemRandom,
      files: choice.files && {
        parts: createPartStore(choice.directory),
        settings: choice.files,
      },
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** See `Profiles.create`. */
export async function createProfile(choice: ProfileChoice, name: string): Promise<CreatedProfile> {
  if (await profileExists(choice.directory)) throw secondProfile(choice.directory); // before anybody is asked for a passphrase
  const checkedName = checkName(name);
  const { relays } = choice;
  await checkRelays(choice);
  return await makeProfile(choice, async (dataKey, fill) => {
    const parts = { primitives, clock: systemClock, random: systemRandom };
    const account = await fill((store) => setUpAccount({ ...parts, store }, { name: checkedName, relays }));
    const device = await introduce(choice, dataKey);
    const { account: id, fingerprint, recoveryWords } = account;
    return { account: id, fingerprint, device, name: checkedName, recovery: recoveryWords };
  });
}

/** Writes the first records of a profile; if that fails, the profile is taken away again. */
export type Fill = <T>(write: (store: ProfileStore) => Promise<T>) => Promise<T>;

/** Makes directory and key file under the lock, and lets `work` fill and use the profile (data key: 32 bytes). */
export async function makeProfile<T>(
  choice: ProfileChoice,
  work: (dataKey: Uint8Array, fill: Fill) => Promise<T>,
): Promise<T> {
  const { directory, passphrases, kdf } = choice;
  const dataKey = systemRandom(DATA_KEY_BYTES);
  await createProfileDirectory(directory, wrap(await passphrases.chosen(), dataKey, kdf));
  const lock = await ownLock(directory);
  try {
    return await work(dataKey, (write) => firstRecords(directory, dataKey, write));
  } finally {
    await lock.release();
  }
}

/** See `Profiles.isInvite`. */
export const isInvite = (text: string): boolean => isInviteLink(primitives, text);

/** A profile is there already. */
export function secondProfile(directory: string): Fault {
  return new Fault(
    "usage/profile-exists",
    `${directory} already holds a profile, so no new one was made; use that one, or name another directory.`,
  );
}

/** Refuses what is no address, and too many. */
export async function checkRelays(choice: ProfileChoice): Promise<void> {
  if (choice.relays.length > RELAYS_MAX) {
    throw new Fault("usage/bad-argument", `a profile has at most ${RELAYS_MAX} relay addresses; name fewer.`);
  }
  await networkFor(choice); // refuses a malformed address; nothing is started
}

async function ownLock(directory: string): Promise<OwnedByUs> {
  const lock = await acquireProfileLock(directory);
  if (lock.kind === "owner") return lock;
  throw new Fault(
    "storage/busy",
    `another process has just opened the new profile in ${directory}; wait and try again.`,
  );
}

async function firstRecords<T>(
  directory: string,
  dataKey: Uint8Array,
  write: (store: ProfileStore) => Promise<T>,
): Promise<T> {
  try {
    const store = await openProfileStore({ directory, dataKey });
    try {
      return await write(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    await removeUnfinished(directory);
    throw error;
  }
}

/** A client on a profile that this process has just made. */
export async function clientOnNew(choice: ProfileChoice, dataKey: Uint8Array): Promise<Client> {
  return await clientOn(await openProfileStore({ directory: choice.directory, dataKey }), choice);
}

/** The first start: makes prekeys known to the relays if these can be reached now. Answers the device. */
async function introduce(choice: ProfileChoice, dataKey: Uint8Array): Promise<string> {
  const client = await clientOnNew(choice, dataKey);
  try {
    const { device } = await client.call({ id: "init-whoami", method: "whoami", params: {} });
    const waitMs = choice.relays.length === 0 ? 0 : INTRODUCE_MS;
    if (waitMs > 0) await client.call({ id: "init-sync", method: "sync", params: { waitMs } });
    return device;
  } finally {
    await client.close();
  }
}

/** Only what a moment ago was made here. */
async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const ours = names.filter((name) => name === "key" || name.startsWith("profile.db"));
  await Promise.all(ours.map((name) => rm(join(directory, name), { force: true })));
}
