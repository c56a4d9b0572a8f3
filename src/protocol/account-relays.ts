/**
 * The relays of our own account: where our mail comes, and our prekeys lie.
 *
 * 1. Whoever took our prekeys or a letter of ours before writes to the relays that these named: one that we left is read
 *    for FORMER_RELAY_MS more, from start to start.
 * 2. Groups keep theirs (group-relays.ts); a new group has the account's.
 *
 * @see PROTOCOL.md § Relays of a group
 */
import type { TimeMs } from "../wire/ids.ts";
import { RELAYS_MAX } from "../wire/limits.ts";
import { offerPrekeys, replenishPrekeys } from "./account.ts";
import type { Work } from "./effects.ts";
import { FORMER_RELAY_MS } from "./group-relays.ts";
import { ACCOUNT } from "./records/account.ts";
import { FORMER_RELAYS } from "./records/group.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** These are our relays from now on, at most RELAYS_MAX; people who take our prekeys are told so. */
export function* changeAccountRelays(work: Work, relays: readonly string[]): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const until = (work.nowMs + FORMER_RELAY_MS) as TimeMs;
  const left = account.relays.map((address) => ({ address, until }));
  const before = ((yield* read(work, FORMER_RELAYS, ""))?.relays ?? []).filter((each) => each.until > work.nowMs);
  const still = before.filter(({ address }) => !account.relays.includes(address));
  const former = [...left, ...still].filter(({ address }) => !relays.includes(address)).slice(0, RELAYS_MAX);
  write(work, FORMER_RELAYS, "", former.length === 0 ? null : { relays: former });
  write(work, ACCOUNT, "", { ...account, relays });
  yield* useAccountRelays(work);
  yield* replenishPrekeys(work, 0);
  yield* offerPrekeys(work);
}

/** Has our relays used, and those that we left not long ago. */
export function* useAccountRelays(work: Work): Step<void> {
  const { relays } = yield* readExisting(work, ACCOUNT);
  const known = yield* read(work, FORMER_RELAYS, "");
  const former = known?.relays.filter(({ until }) => until > work.nowMs) ?? [];
  if (known && former.length < known.relays.length)
    write(work, FORMER_RELAYS, "", former.length === 0 ? null : { relays: former });
  const all = [...relays, ...former.map(({ address }) => address)];
  work.effects.push({ kind: "use-relays", relays: all, toldBy: "us" });
}
