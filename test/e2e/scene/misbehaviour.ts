/**
 * A process of its own that makes a member misbehave: `misbehaviour.ts DIRECTORY GROUP DEED` opens the profile as a client
 * does, lets the real protocol write what an honest client would not, and ends. What it leaves in the outbox the real
 * client sends at its next start. The passphrase is in HERMES_PASSPHRASE.
 */

import { primitives, systemRandom, unlock } from "../../../src/cli/compose-key.ts";
import { systemClock } from "../../../src/cli/compose-profile.ts";
import { readExistingLog } from "../../../src/client/profile-reader.ts";
import { createStepQueue, type StepQueue } from "../../../src/client/step-queue.ts";
import type { Input } from "../../../src/protocol/machine.ts";
import { GROUP } from "../../../src/protocol/records/group.ts";
import { OUTBOX } from "../../../src/protocol/records/outbox.ts";
import { PENDING } from "../../../src/protocol/records/pairwise.ts";
import { openProfileStore } from "../../../src/store/profile-store.ts";
import { decode } from "../../../src/wire/encoding.ts";
import { isDeposit } from "../../../src/wire/envelope.ts";
import type { Sequence } from "../../../src/wire/ids.ts";

type Change = Extract<Input, { kind: "change-group" }>["change"];
type Store = Awaited<ReturnType<typeof openProfileStore>>;

/** Deeds by name; each works on a store that nobody else has open. */
const DEEDS: Readonly<Record<string, (queue: StepQueue, store: Store, group: string) => Promise<void>>> = {
  /** A re-key whose letters are thrown away: its entry comes, its key to nobody. */
  "rekey-for-nobody": async (queue, store, group) => {
    await change(queue, store, group, { kind: "rekey" });
    await throwLettersAway(queue, store);
  },
  /** More entries than count, and no keys to them. */
  flood: async (queue, store, group) => {
    for (let i = 0; i < 150; i++) await change(queue, store, group, { kind: "rekey" });
    await throwLettersAway(queue, store);
  },
  /** Whoever created the group is removed, by what this profile knows: a copy of an earlier time knows of no removal. */
  "remove-the-founder": async (queue, store, group) => {
    const log = await readExistingLog(store, group);
    const founder = log.entries[0]?.account;
    if (founder) await change(queue, store, group, { kind: "remove", accounts: [founder] });
  },
};

async function record<T>(
  store: Store,
  type: { readonly prefix: string; readonly codec: Parameters<typeof decode<T>>[0] },
  id: string,
): Promise<T> {
  const bytes = (await store.load([type.prefix + id])).get(type.prefix + id);
  const value = bytes && decode(type.codec, bytes);
  if (value === undefined) throw new Error(`the profile has no ${type.prefix}`);
  return value;
}

async function change(queue: StepQueue, store: Store, id: string, action: Change): Promise<void> {
  const { group } = await record(store, GROUP, id);
  await queue.put({ kind: "change-group", group, change: action });
}

async function throwLettersAway(queue: StepQueue, store: Store): Promise<void> {
  const result = { kind: "stored" as const, sequence: 1 as Sequence, duplicate: false };
  for (const [key, bytes] of await store.scan(OUTBOX.prefix, { limit: 100_000 })) {
    const row = decode(OUTBOX.codec, bytes);
    if (row && isDeposit(row.envelope))
      await queue.put({ kind: "settled", outbox: key.slice(OUTBOX.prefix.length), result });
  }
}

/** Also letters that wait for somebody's prekeys. */
async function forgetPending(store: Store): Promise<void> {
  const pending = await store.scan(PENDING.prefix, { limit: 100_000 });
  const records = new Map([...pending].map(([key]): [string, null] => [key, null]));
  await store.commit({ records, lines: [], removedLines: [], lineStates: [] });
}

const [directory = "", group = "", deed = ""] = process.argv.slice(2);
const dataKey = await unlock(directory, process.env["HERMES_PASSPHRASE"] ?? "");
const store = await openProfileStore({ directory, dataKey });
const queue = createStepQueue({
  primitives,
  store,
  clock: systemClock,
  random: systemRandom,
  perform: () => undefined,
});
const act = DEEDS[deed];
if (!act) throw new Error(`there is no deed ${deed}`);
await act(queue, store, group);
await queue.close();
if (deed !== "remove-the-founder") await forgetPending(store);
await store.close();
