/**
 * How a device comes into the groups of its account: it knows them from the account topic, and asks devices that are
 * in them, its account's own first, to link it.
 *
 * 1. The account's certificate is all the authority it needs: whoever has the account key is the account.
 * 2. One contact after the other is asked, so that seldom more than one answers; after the last it begins again.
 *
 * @see PROTOCOL.md § Account topic, § Linking
 */
import { equalBytes } from "../verify/transcript.ts";
import type { AccountItem } from "../wire/account-snapshot.ts";
import { type AccountKey, GroupId, type TimeMs } from "../wire/ids.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import type { TakenPrekeys } from "../wire/prekey-frames.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { createAccount } from "./account.ts";
import { isUnlinked, openAccountTopic } from "./account-topic.ts";
import { newestItems } from "./account-topic-items.ts";
import type { Work } from "./effects.ts";
import { checkTaken, tellWith } from "./pairwise.ts";
import { ACCOUNT, LINKING, type LinkingState, SHARED } from "./records/account.ts";
import { GROUP, OUT } from "./records/group.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms that one contact is given before the next is asked as well: somebody who is online answers sooner. */
const NEXT_CONTACT_MS = 5_000;
/** Ms after which all are asked again: letters may have met devices that could not link anybody yet. */
const ASK_AGAIN_MS = 3_600_000;
/** Ms after which all are asked again if nobody's prekeys were found before: they may not have been published yet. */
const NOBODY_FOUND_MS = 60_000;

/** What a new profile of an account is made of: the 32-byte seed of the words, and what its topic held. */
export interface Restoration {
  readonly accountSeed: Uint8Array;
  readonly name: string;
  readonly relays: readonly string[];
  readonly items: readonly AccountItem[];
}

/** A new device of that account, which wants to be in all its groups. Nothing of the earlier devices' keys comes back. */
export function* restoreAccount(work: Work, { items, ...account }: Restoration): Step<void> {
  createAccount(work, account);
  const newest = newestItems(work.p, items);
  for (const [id, item] of newest) write(work, SHARED, id, item);
  yield* openAccountTopic(work);
  yield* wantLinks(work, [...newest.values()]);
}

/** Groups among these items that this device is not in: it asks to be linked to them. Those that were left it forgets. */
export function* wantLinks(work: Work, items: readonly AccountItem[]): Step<void> {
  const { account } = yield* readExisting(work, ACCOUNT);
  for (const { value } of items) {
    if (value.kind !== "group") continue;
    const id = toHex(value.group);
    const { name, relays, contacts } = value;
    if (value.left || (yield* isHere(work, id))) write(work, LINKING, id, null);
    else {
      const before = yield* read(work, LINKING, id);
      const fresh = { asked: 0, told: [], nextAt: work.nowMs as TimeMs };
      write(work, LINKING, id, { ...(before ?? fresh), name, relays, contacts: [account, ...contacts] });
    }
  }
  if (items.length > 0) yield* askForLinks(work);
}

/** This device is in the group. */
function* isHere(work: Work, id: string): Step<boolean> {
  return (yield* read(work, GROUP, id)) !== undefined && !(yield* read(work, OUT, id));
}

/** Asks whoever is next, for each group that we wait for; at every start and tick. */
export function* askForLinks(work: Work): Step<void> {
  const wanted = new Map<string, AccountKey>();
  const isOut = yield* isUnlinked(work, yield* readExisting(work, ACCOUNT));
  for (const [id, before] of yield* scan(work, LINKING)) {
    if (isOut || (yield* isHere(work, id))) {
      write(work, LINKING, id, null);
      continue;
    }
    const state = before.nextAt <= work.nowMs ? nextContact(work, before) : before;
    if (state !== before) write(work, LINKING, id, state);
    for (const each of state.contacts.slice(0, state.asked)) if (!isTold(state, each)) wanted.set(toHex(each), each);
    work.effects.push({ kind: "use-relays", relays: state.relays, toldBy: "us" });
    work.effects.push({ kind: "wake", atMs: state.nextAt });
  }
  for (const account of wanted.values()) work.effects.push({ kind: "take-prekeys", account });
}

function nextContact({ nowMs }: Work, state: LinkingState): LinkingState {
  const isRound = state.asked >= state.contacts.length;
  const asked = isRound ? 1 : state.asked + 1;
  const againMs = state.told.length === 0 ? NOBODY_FOUND_MS : ASK_AGAIN_MS;
  const waitMs = asked >= state.contacts.length ? againMs : NEXT_CONTACT_MS;
  return { ...state, asked, told: isRound ? [] : state.told, nextAt: (nowMs + waitMs) as TimeMs };
}

const isTold = ({ told }: LinkingState, account: AccountKey): boolean => told.some((each) => equalBytes(each, account));

/** The prekeys of an account have come: its devices are asked to link us wherever it is a contact. */
export function* askThoseTaken(work: Work, account: AccountKey, taken: readonly TakenPrekeys[]): Step<void> {
  const { device, certificate } = yield* readExisting(work, ACCOUNT);
  const items: PayloadItem[] = [];
  const waiting: (readonly [string, LinkingState])[] = [];
  for (const [id, state] of yield* scan(work, LINKING)) {
    const isAsked = state.contacts.slice(0, state.asked).some((each) => equalBytes(each, account));
    if (!isAsked || isTold(state, account)) continue;
    waiting.push([id, state]);
    items.push({ kind: "linkRequest", group: GroupId.from(fromHex(id) ?? new Uint8Array()), certificate });
  }
  if (items.length === 0) return;
  for (const prekeys of checkTaken(work, account, taken))
    if (!equalBytes(prekeys.bundle.certificate.device, device)) yield* tellWith(work, prekeys, items);
  for (const [id, state] of waiting) write(work, LINKING, id, { ...state, told: [...state.told, account] });
}
