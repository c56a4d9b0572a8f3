/**
 * Accounts that are made once and copied into every simulation: half of the time of a small one would go into prekeys.
 * Only keys of the account and its prekeys are shared; everything that a group's keys follow from is drawn anew.
 */
import { setUpAccount } from "../../src/client/account-setup.ts";
import { createStepQueue } from "../../src/client/step-queue.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import type { Effect } from "../../src/protocol/effects.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import { copyOf, emptyProfile, memoryStore } from "./memory-profile.ts";
import { seededRandom } from "./seeded-random.ts";
import type { PreparedDisk } from "./sim-device.ts";
import type { SimRelay } from "./sim-relay.ts";
import { virtualClock } from "./virtual-clock.ts";

interface PreparedAccount extends PreparedDisk {
  readonly published: DirectoryRecord | undefined;
}

/** Answers the account of that name; its prekeys are in the directory of each of these relays afterwards. */
export type AccountMaker = (name: string, relays: readonly SimRelay[]) => Promise<PreparedDisk>;

export function accountMaker(primitives: Primitives): AccountMaker {
  const made = new Map<string, Promise<PreparedAccount>>();
  return async (name, relays) => {
    const addresses = relays.map(({ address }) => address);
    const key = `${name} ${addresses.join()}`;
    const account = made.get(key) ?? makeAccount(primitives, name, addresses);
    made.set(key, account);
    const { disk, account: id, published } = await account;
    for (const relay of relays) if (published) relay.publish(published);
    return { disk: copyOf(disk), account: id };
  };
}

async function makeAccount(primitives: Primitives, name: string, relays: readonly string[]): Promise<PreparedAccount> {
  const disk = emptyProfile();
  const { bytes: random } = seededRandom([...name].reduce((sum, each) => sum * 31 + each.charCodeAt(0), 7));
  const effects: Effect[] = [];
  const setUp = { primitives, store: memoryStore(disk), clock: virtualClock(), random };
  const { account } = await setUpAccount(setUp, { name, relays });
  const queue = createStepQueue({ ...setUp, perform: (wanted) => effects.push(...wanted) });
  await queue.put({ kind: "prekeys-left", left: 0 });
  await queue.close();
  const publication = effects.find((each) => each.kind === "publish-prekeys");
  return { disk, account, published: publication?.kind === "publish-prekeys" ? publication.record : undefined };
}
