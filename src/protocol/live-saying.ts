/** Saying something in passing to whoever reads an epoch's topic at this moment. @see PROTOCOL.md § Live frames */
import { HeaderKey } from "../crypto/epoch-secrets.ts";
import { type LiveEpoch, sealLive } from "../crypto/live-box.ts";
import type { TimeMs } from "../wire/ids.ts";
import { Nonce } from "../wire/ids.ts";
import type { LiveContent } from "../wire/live.ts";
import type { Work } from "./effects.ts";
import { ACCOUNT } from "./records/account.ts";
import type { EpochState } from "./records/epoch.ts";
import { readExisting, type Step } from "./step.ts";

/** Seals it for the epoch and signs it with our device. */
export function* sayInPassing(work: Work, epoch: EpochState, said: LiveContent): Step<void> {
  const { deviceSeed } = yield* readExisting(work, ACCOUNT);
  const saying = { said, saidAt: work.nowMs as TimeMs, nonce: Nonce.from(work.random(24)) };
  const body = sealLive(work.p, liveEpoch(epoch), { index: epoch.ownIndex, deviceSeed }, saying);
  work.effects.push({ kind: "say", topic: epoch.topic, body });
}

/** The keys of live frames of an epoch. */
export const liveEpoch = ({ group, epoch, headerKey }: EpochState): LiveEpoch => ({
  group,
  epochId: epoch,
  headerKey: HeaderKey.from(headerKey),
});
