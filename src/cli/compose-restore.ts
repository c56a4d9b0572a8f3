/**
 * Coming back with the recovery words: what the relays keep of the account is read first, and only then a profile is
 * made, with a new device in it. So whatever is wrong with words or relays leaves nothing behind.
 */
import { readAccountTopic } from "../client/account-reading.ts";
import { setUpRestored } from "../client/account-setup.ts";
import { readRecoveryWords, seedOfWords } from "../client/recovery.ts";
import { profileExists } from "../store/profile-directory.ts";
import { Fault } from "../wire/fault.ts";
import { RELAYS_MAX } from "../wire/limits.ts";
import { primitives, systemRandom } from "./compose-key.ts";
import { checkRelays, clientOnNew, makeProfile, networkFor, secondProfile, systemClock } from "./compose-profile.ts";
import { recoveryMistake } from "./render-recovery.ts";
import type { ProfileChoice, RestoredProfile, Restoring } from "./session.ts";

/** How long the relays are given to hand out what they keep (ms). */
const READ_MS = 15_000;
/** How long devices of the groups' members are waited for unless told otherwise (ms); it goes on whenever Hermes runs. */
const LINK_MS = 10_000;

/** See `Profiles.restore`. */
export async function restoreProfile(choice: ProfileChoice, given: Restoring): Promise<RestoredProfile> {
  if (await profileExists(choice.directory)) throw secondProfile(choice.directory);
  const accountSeed = seedFor(given);
  if (choice.relays.length === 0) throw noRelay();
  await checkRelays(choice);
  const found = await readAccountTopic(
    { primitives, network: await networkFor(choice), clock: systemClock },
    accountSeed,
    READ_MS,
  );
  if (found.kind === "unreachable") throw unreachable(found.reason);
  if (found.kind === "nothing") throw nothingThere();
  const relays = [...new Set([...choice.relays, ...found.relays])].slice(0, RELAYS_MAX);
  const restoration = { accountSeed, name: given.name ?? found.name, relays, items: found.items };
  return await makeProfile(choice, async (dataKey, fill) => {
    const account = await fill((store) =>
      setUpRestored({ primitives, store, clock: systemClock, random: systemRandom }, restoration),
    );
    return { ...account, ...(await firstStart(choice, dataKey, given.waitMs ?? LINK_MS)), name: restoration.name };
  });
}

/** Asks to be let into the account's groups, and says how far that has come. */
async function firstStart(choice: ProfileChoice, dataKey: Uint8Array, waitMs: number) {
  const client = await clientOnNew(choice, dataKey);
  try {
    const { device } = await client.call({ id: "restore-whoami", method: "whoami", params: {} });
    const { groups: waiting } = await client.call({ id: "restore-links", method: "linking", params: { waitMs } });
    await client.call({ id: "restore-sync", method: "sync", params: { waitMs: Math.min(waitMs, LINK_MS) } });
    const { groups } = await client.call({ id: "restore-groups", method: "group-list", params: {} });
    const inside = groups.filter(({ state }) => state === undefined);
    const joined = inside.map(({ id, name }) => ({ group: { id, name }, state: "joined" as const }));
    return { device, groups: [...joined, ...waiting] };
  } finally {
    await client.close();
  }
}

function seedFor({ words, account }: Restoring): Uint8Array {
  const reading = readRecoveryWords(primitives, words);
  if (reading.kind !== "account") throw new Fault("usage/not-allowed", `nothing was made. ${recoveryMistake(reading)}`);
  if (account !== undefined && !reading.account.startsWith(account.trim().toLowerCase()))
    throw new Fault(
      "usage/not-allowed",
      `these are recovery words, but of the account ${reading.account}, not of the one that was named, so nothing was made.`,
    );
  return seedOfWords(words) ?? new Uint8Array();
}

function noRelay(): Fault {
  return new Fault(
    "usage/bad-argument",
    "the words alone do not say which groups there were; a relay of the account keeps that: name it with --relay MULTIADDR.",
  );
}

function unreachable(reason: string): Fault {
  return new Fault(
    "network/unreachable",
    `no relay that was named can be reached (${reason}), so nothing was made; check address and connection, and try again.`,
  );
}

function nothingThere(): Fault {
  return new Fault(
    "usage/not-found",
    "the relay has nothing of this account, so nothing was made: it is another relay than the account's, or the account was not used for longer than relays keep things (30 days unless told otherwise). Name another one with --relay, or begin anew with hermes init.",
  );
}
