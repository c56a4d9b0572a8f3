/**
 * What a device says in passing to all members of an epoch: sealed under a key of the epoch, signed by the device.
 *
 * 1. Nobody outside the epoch reads it or makes one; a member makes none in another's name.
 * 2. A copy that comes again says again what was said then, and when: nothing in it may mean more the second time.
 *
 * @see PROTOCOL.md § Live frames
 */
import { lpAll, u32be, u64be } from "../verify/transcript.ts";
import { decode, encode } from "../wire/encoding.ts";
import type { DeviceKey, EpochId, GroupId, Nonce, TimeMs } from "../wire/ids.ts";
import { Signature } from "../wire/ids.ts";
import { LiveBody, LiveContent, LivePlaintext } from "../wire/live.ts";
import type { HeaderKey } from "./epoch-secrets.ts";
import { deriveKey } from "./kdf.ts";
import { pad, unpad } from "./padme.ts";
import type { Primitives } from "./primitives.ts";

/** The epoch in which something is said. */
export interface LiveEpoch {
  readonly group: GroupId;
  readonly epochId: EpochId;
  readonly headerKey: HeaderKey;
}

/** Who says it: the rank of the device among those of the epoch, and its seed, 32 bytes. */
export interface LiveSpeaker {
  readonly index: number;
  readonly deviceSeed: Uint8Array;
}

/** What came, and who is said to have said it; see {@link isSaidBy}. */
export type Overheard = LivePlaintext & { readonly said: LiveContent };

/** The body of a live frame; `nonce`: 24 random bytes. */
export function sealLive(
  p: Primitives,
  epoch: LiveEpoch,
  speaker: LiveSpeaker,
  { said, saidAt, nonce }: { readonly said: LiveContent; readonly saidAt: TimeMs; readonly nonce: Nonce },
): Uint8Array {
  const content = encode(LiveContent, said);
  const { index } = speaker;
  const signature = Signature.from(p.sign(speaker.deviceSeed, signedBytes(epoch, { index, saidAt, content })));
  const plaintext = encode(LivePlaintext, { version: 1, index, saidAt, content, signature });
  const ciphertext = p.seal(liveKey(p, epoch), nonce, lpAll("live", epoch.epochId), pad(plaintext));
  return encode(LiveBody, { nonce, ciphertext });
}

/** `malformed` when it is not of the format, `forged` when nobody of this epoch made it. */
export function openLive(p: Primitives, epoch: LiveEpoch, body: Uint8Array): Overheard | "malformed" | "forged" {
  const decoded = decode(LiveBody, body);
  if (!decoded) return "malformed";
  const padded = p.open(liveKey(p, epoch), decoded.nonce, lpAll("live", epoch.epochId), decoded.ciphertext);
  if (!padded) return "forged";
  const encoded = unpad(padded);
  const plaintext = encoded && decode(LivePlaintext, encoded);
  const said = plaintext && decode(LiveContent, plaintext.content);
  return said ? { ...plaintext, said } : "malformed";
}

/** Whether that device, which has to be the one of this index, said it. */
export function isSaidBy(p: Primitives, epoch: LiveEpoch, overheard: Overheard, device: DeviceKey): boolean {
  return p.verify(device, signedBytes(epoch, overheard), overheard.signature);
}

const liveKey = (p: Primitives, { headerKey, epochId }: LiveEpoch): Uint8Array =>
  deriveKey(p, "live", headerKey, epochId);

function signedBytes(
  { group, epochId }: LiveEpoch,
  { index, saidAt, content }: Pick<LivePlaintext, "index" | "saidAt" | "content">,
): Uint8Array {
  return lpAll("live-sig", group, epochId, u32be(index), u64be(saidAt), content);
}
