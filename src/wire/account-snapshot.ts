/**
 * What the devices of one account tell each other in the account topic: settings, devices, groups, verified people.
 *
 * ```
 * item     = counter 8 | value (tag, fields)
 * snapshot = version 1 | device 32 | revision 8 | part 2 | parts 2 | items
 * body     = version 1 | nonce 24 | commitment 32 | ciphertext of the padded snapshot
 * ```
 * @see PROTOCOL.md § Account topic
 */
import { bool, bytes, constant, list, raw, struct, text, u16, u64, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { AccountKey, DeviceKey, GroupId, Nonce, TimeMs } from "./ids.ts";
import { ADDRESS_MAX_BYTES, BODY_MAX_BYTES, NAME_MAX_BYTES, RELAYS_MAX } from "./limits.ts";

/** Members of a group whom a new device of ours can ask to link it: enough that some are online. */
export const ACCOUNT_CONTACTS_MAX = 8;
/** Items in one envelope of a snapshot; the bytes that fit bound them before. */
export const ACCOUNT_ITEMS_MAX = 1_024;

const name = text(NAME_MAX_BYTES);
const relays = list(text(ADDRESS_MAX_BYTES), RELAYS_MAX);

/** One thing that an account remembers; of the same thing the newest item counts. */
export const AccountValue = union({
  settings: [1, struct({ name, relays })],
  device: [2, struct({ device: DeviceKey, since: TimeMs, unlinked: bool })],
  group: [3, struct({ group: GroupId, name, relays, contacts: list(AccountKey, ACCOUNT_CONTACTS_MAX), left: bool })],
  /** `name` is what the person was called when the mark was set. */
  verified: [4, struct({ account: AccountKey, name, isVerified: bool })],
});
export type AccountValue = Infer<typeof AccountValue>;

export const AccountItem = struct({ counter: u64, value: AccountValue });
export type AccountItem = Infer<typeof AccountItem>;

/** Everything that one device knew at that revision of its own, in as many envelopes as it takes. */
export const AccountSnapshot = struct({
  version: constant(1),
  device: DeviceKey,
  revision: u64,
  part: u16,
  parts: u16,
  items: list(AccountItem, ACCOUNT_ITEMS_MAX),
});
export type AccountSnapshot = Infer<typeof AccountSnapshot>;

/** Body of an envelope in the account topic. */
export const SealedAccountSnapshot = struct({
  version: constant(1),
  nonce: Nonce,
  commitment: raw(32),
  ciphertext: bytes(BODY_MAX_BYTES - 61, 16),
});
export type SealedAccountSnapshot = Infer<typeof SealedAccountSnapshot>;

export const encodeAccountSnapshot = (snapshot: AccountSnapshot): Uint8Array => encode(AccountSnapshot, snapshot);
export const decodeAccountSnapshot = (encoded: Uint8Array): AccountSnapshot | undefined =>
  decode(AccountSnapshot, encoded);
export const encodeSealedSnapshot = (sealed: SealedAccountSnapshot): Uint8Array =>
  encode(SealedAccountSnapshot, sealed);
export const decodeSealedSnapshot = (encoded: Uint8Array): SealedAccountSnapshot | undefined =>
  decode(SealedAccountSnapshot, encoded);
