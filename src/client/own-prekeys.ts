/**
 * Our prekeys in the directories of our relays, for as long as one is connected: counted, filled up, and renewed. Whoever finds
 * none there cannot write to us first, and what it has for us waits with it: a welcome, or the secret of a new key, and so all
 * that is said under that.
 *
 * 1. A question, or a publication, can be lost without its connection, or be refused for now: we ask again until there are
 *    enough, whatever was answered before.
 * 2. A publication that nobody took is sent again as it was: it may have renewed what a count does not show, such as the
 *    signed prekey. A repeat that is refused is given up, since whoever has it already calls it an old state.
 * 3. One look waits at a time, however often a relay comes and goes.
 *
 * @see PROTOCOL.md § Prekey directory
 */
import { directoryKeyOf } from "../crypto/prekey-bundle.ts";
import type { Primitives } from "../crypto/primitives.ts";
import type { Effect } from "../protocol/effects.ts";
import type { Answer, Input } from "../protocol/machine.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import type { Network } from "./ports/network.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingRecord } from "./profile-reader.ts";

/** Ms after which a count that nobody answered is asked again, and a publication that nobody took is looked at first. */
const RETRY_MS = 15_000;
/**
 * Ms between two looks while all is well, and the most after a publication that nobody took, which waits twice as long each
 * time: it has 130 kB, and a directory may be full for days.
 */
const LOOK_MS = 3_600_000;

export interface OwnPrekeysDependencies {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly network: Pick<Network, "countPrekeys" | "publishPrekeys" | "relays">;
  readonly put: (input: Input) => Promise<Answer>;
  /** Calls `wake` once after `delayMs`; the answer cancels. */
  readonly later: (delayMs: number, wake: () => void) => () => void;
  /** A relay has answered about our prekeys. */
  readonly known: () => void;
}

export interface OwnPrekeys {
  /** A relay is (again) connected: looks at once. */
  readonly look: () => void;
  /** A step has made these. */
  readonly publish: (publication: Publication) => void;
}

type Publication = Extract<Effect, { kind: "publish-prekeys" }>;

export function ownPrekeys(d: OwnPrekeysDependencies): OwnPrekeys {
  let cancel = (): void => undefined;
  let pauseMs = RETRY_MS;
  let untaken: Publication | undefined;
  const lookAfter = (delayMs: number): void => {
    cancel();
    cancel = d.later(delayMs, () => {
      if (d.network.relays().some(({ state }) => state === "connected")) void look();
    });
  };
  const look = async (): Promise<void> => {
    const left = await count(d).catch(() => undefined);
    lookAfter(left === undefined ? RETRY_MS : LOOK_MS);
    if (left === undefined) return;
    if (left > 0) d.known();
    const before = untaken;
    await d.put({ kind: "prekeys-left", left }).catch(() => undefined); // what fails is looked at again
    if (before && before === untaken) await publish(before); // else a later one takes its place
  };
  const publish = async (publication: Publication): Promise<void> => {
    const isRepeat = publication === untaken;
    untaken = publication;
    const answer = await published(d, publication).catch(() => "unreachable" as const);
    if (answer !== "unreachable") d.known();
    const isTaken = answer !== "unreachable" && answer !== "refused";
    if (untaken === publication && (isTaken || (isRepeat && answer === "refused"))) untaken = undefined;
    if (!isTaken) lookAfter(pauseMs);
    pauseMs = isTaken ? RETRY_MS : Math.min(2 * pauseMs, LOOK_MS);
  };
  return { look: () => void look(), publish: (publication) => void publish(publication) };
}

/** How many of our one-time prekeys the directory that has the fewest still has. */
async function count({ primitives, store, network }: OwnPrekeysDependencies): Promise<number | undefined> {
  const { account, slot } = await readExistingRecord(store, ACCOUNT);
  return await network.countPrekeys(directoryKeyOf(primitives, account), slot);
}

async function published({ network }: OwnPrekeysDependencies, { record, signature }: Publication) {
  return await network.publishPrekeys(record, signature);
}
