/** Further devices of an account in a simulation: each begins with what the recovery words give, as after a loss. */
import { createStepQueue } from "../../src/client/step-queue.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { decode } from "../../src/wire/encoding.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { emptyProfile, type MemoryProfile, memoryStore } from "./memory-profile.ts";
import { seededRandom } from "./seeded-random.ts";
import type { PreparedDisk, SimDevice } from "./sim-device.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { World } from "./world.ts";

/** All devices of one person. */
export const devicesOf = ({ devices }: World, one: SimDevice): readonly SimDevice[] =>
  devices.filter((each) => each.account() === one.account());

/** Device key (hex) of the account on a disk. */
export function deviceOn({ records }: MemoryProfile): string {
  const bytes = records.get(ACCOUNT.prefix);
  const account = bytes && decode(ACCOUNT.codec, bytes);
  if (!account) throw new Error("a disk without an account");
  return toHex(account.device);
}

/** The account's words typed in on an empty machine, before it has read anything. */
export async function recoveredDisk(
  p: Primitives,
  of: SimDevice,
  { name: device, clock }: { readonly name: string; readonly clock: VirtualClock },
): Promise<PreparedDisk> {
  const account = of.record(ACCOUNT);
  if (!account) throw new Error(`${of.name} has no account`);
  const disk = emptyProfile();
  const seed = [...device].reduce((sum, each) => Math.imul(sum, 31) + each.charCodeAt(0), clock.nowMs() % 2 ** 31);
  const random = seededRandom(seed).bytes;
  const queue = createStepQueue({ primitives: p, store: memoryStore(disk), clock, random, perform: () => undefined });
  const { accountSeed, name, relays } = account;
  await queue.put({ kind: "restore-account", accountSeed, name, relays, items: [] });
  await queue.close();
  return { disk, account: of.account() };
}
