/**
 * How many groups we can be put into without our asking: anybody can who has our contact link, or is in a group with us,
 * and accounts cost nothing.
 *
 * 1. A group counts until we write in it or leave it, or have verified whoever put us there.
 * 2. One that we were put out of again counts for 30 days: else each of them would stay in the list, without end.
 *
 * @see PROTOCOL.md § Welcomes
 */
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceKey, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { ACCOUNT, LINKING, SHARED } from "./records/account.ts";
import { GROUP, OUT } from "./records/group.ts";
import { JOINING, UNASKED, WELCOME } from "./records/joining.ts";
import { PEER } from "./records/pairwise.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/**
 * Groups that people whom we did not verify put us into, and in which we wrote nothing: a list that one can still look
 * through; each is read at relays, and its log has up to 8 MiB when it comes.
 */
export const UNASKED_GROUPS_MAX = 64;
/** Ms for which one counts that somebody took us out of. */
const TAKEN_OUT_MS = 30 * 24 * 3600 * 1000;

/** Whether a group may be entered that this device welcomes us to: we asked, trust it, or are in few such groups. */
export function* mayEnter(work: Work, group: GroupId, adder: DeviceKey): Step<boolean> {
  const id = toHex(group);
  if (!(yield* isUnasked(work, id)) || (yield* isTrusted(work, adder))) return true;
  let count = 0;
  for (const [each, known] of yield* scan(work, UNASKED))
    if ((yield* counts(work, each)) && !(yield* isTrusted(work, known.adder))) count++;
  // whose logs are being taken in: many at once would pass all together
  for (const [each, { from, received, parts }] of yield* scan(work, WELCOME))
    if (each !== id && received === parts && (yield* isUnasked(work, each)) && !(yield* isTrusted(work, from))) count++;
  return count < UNASKED_GROUPS_MAX;
}

/** We write in this group: it is one of ours from now on, whoever put us there. */
export function* acceptGroup(work: Work, group: GroupId): Step<void> {
  if (yield* read(work, UNASKED, toHex(group))) write(work, UNASKED, toHex(group), null);
}

/** We are not in it and did not ask to be; nor was it ours before. */
function* isUnasked(work: Work, id: string): Step<boolean> {
  if ((yield* read(work, JOINING, id)) || (yield* read(work, LINKING, id))) return false;
  if (!(yield* read(work, GROUP, id))) return true;
  return (yield* read(work, OUT, id)) !== undefined && (yield* read(work, UNASKED, id)) !== undefined;
}

function* counts(work: Work, id: string): Step<boolean> {
  const out = yield* read(work, OUT, id);
  if (!out) return true;
  const { account } = yield* readExisting(work, ACCOUNT);
  return !equalBytes(out.by, account) && work.nowMs - out.at < TAKEN_OUT_MS;
}

/** A device of somebody whom we verified, or of our own account. */
function* isTrusted(work: Work, device: DeviceKey): Step<boolean> {
  const whose = (yield* read(work, PEER, toHex(device)))?.account;
  if (!whose) return false;
  if (equalBytes(whose, (yield* readExisting(work, ACCOUNT)).account)) return true;
  const mark = (yield* read(work, SHARED, `verified/${toHex(whose)}`))?.value;
  return mark?.kind === "verified" && mark.isVerified;
}
