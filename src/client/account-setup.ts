/** The first records of a new profile. */
import { encodeRecoveryWords } from "../crypto/recovery-words.ts";
import { fingerprintOf } from "../protocol/account.ts";
import type { Restoration } from "../protocol/account-topic-link.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import { Fault } from "../wire/fault.ts";
import { NAME_MAX_BYTES } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import type { NewAccount } from "./api.ts";
import type { ClientDependencies } from "./client.ts";
import { readExistingRecord } from "./profile-reader.ts";
import { createStepQueue } from "./step-queue.ts";

type SetUp = Pick<ClientDependencies, "primitives" | "store" | "clock" | "random">;

/** Makes account and device. The recovery words stand nowhere else: show them once. */
export async function setUpAccount(
  { primitives, store, clock, random }: SetUp,
  { name, relays }: { readonly name: string; readonly relays: readonly string[] },
): Promise<NewAccount> {
  const queue = createStepQueue({ primitives, store, clock, random, perform: () => undefined });
  const accountSeed = random(32);
  const words = encodeRecoveryWords(accountSeed);
  await queue.put({ kind: "create-account", name: checkName(name), relays, accountSeed });
  await queue.close();
  const { account } = await readExistingRecord(store, ACCOUNT);
  return { account: toHex(account), fingerprint: fingerprintOf(primitives, account), recoveryWords: words };
}

/** Makes a new device of the account of that seed (32 bytes), which knows what the account's topic held. */
export async function setUpRestored(
  { primitives, store, clock, random }: SetUp,
  restoration: Restoration,
): Promise<Omit<NewAccount, "recoveryWords">> {
  const queue = createStepQueue({ primitives, store, clock, random, perform: () => undefined });
  await queue.put({ kind: "restore-account", ...restoration, name: checkName(restoration.name) });
  await queue.close();
  const { account } = await readExistingRecord(store, ACCOUNT);
  return { account: toHex(account), fingerprint: fingerprintOf(primitives, account) };
}

/** A name that fits a line: not empty, no control characters, at most NAME_MAX_BYTES of UTF-8. */
export function checkName(name: string): string {
  const trimmed = name.trim();
  const isPlain = trimmed.length > 0 && !/\p{Cc}/u.test(trimmed) && encodeUtf8(trimmed).length <= NAME_MAX_BYTES;
  if (isPlain) return trimmed;
  throw new Fault(
    "usage/bad-argument",
    `a name must have 1 to ${NAME_MAX_BYTES} bytes and no control characters: choose a shorter or simpler one`,
  );
}
