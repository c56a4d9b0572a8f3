/**
 * The things that an account remembers, each by itself: which of two items of one thing counts, and how many go into
 * one envelope. Devices that changed different things at once lose neither.
 *
 * 1. The item that counts is the same for every device, whatever the order in which it met them.
 *
 * @see PROTOCOL.md § Account topic
 */
import type { Primitives } from "../crypto/primitives.ts";
import { ACCOUNT_ITEMS_MAX, AccountItem, AccountValue } from "../wire/account-snapshot.ts";
import { encode } from "../wire/encoding.ts";
import { toHex } from "../wire/text-forms.ts";
import { SNAPSHOT_PARTS_MAX } from "./records/account.ts";

/** Bytes of items in one envelope of a snapshot: fits after padding. */
const PART_ITEMS_MAX_BYTES = 48_000;

/** What an item is about: `settings`, or its kind and a key in hex. */
export function itemId(value: AccountValue): string {
  switch (value.kind) {
    case "settings":
      return "settings";
    case "device":
      return `device/${toHex(value.device)}`;
    case "group":
      return `group/${toHex(value.group)}`;
    case "verified":
      return `verified/${toHex(value.account)}`;
    default:
      return value satisfies never;
  }
}

/** Whether `item` counts rather than `other`: the greater counter, then the greater hash. */
export function isNewer(p: Primitives, item: AccountItem, other: AccountItem): boolean {
  if (item.counter !== other.counter) return item.counter > other.counter;
  return toHex(p.sha256(encode(AccountItem, item))) > toHex(p.sha256(encode(AccountItem, other)));
}

/** The items that count among these, by what they are about. */
export function newestItems(p: Primitives, items: readonly AccountItem[]): ReadonlyMap<string, AccountItem> {
  const newest = new Map<string, AccountItem>();
  for (const item of items) {
    const id = itemId(item.value);
    const known = newest.get(id);
    if (!known || isNewer(p, item, known)) newest.set(id, item);
  }
  return newest;
}

/** Whether two values say the same. */
export function isSameValue(one: AccountValue, other: AccountValue): boolean {
  return toHex(encode(AccountValue, one)) === toHex(encode(AccountValue, other));
}

/**
 * Items in as few envelopes as they fit; at least one, at most SNAPSHOT_PARTS_MAX. Groups come last: strangers can put us
 * into them without end, and what has no room any more is left out.
 */
export function inParts(items: readonly AccountItem[]): readonly (readonly AccountItem[])[] {
  const isGroup = ({ value }: AccountItem): boolean => value.kind === "group";
  const parts: AccountItem[][] = [[]];
  let free = PART_ITEMS_MAX_BYTES;
  for (const item of [...items.filter((each) => !isGroup(each)), ...items.filter(isGroup)]) {
    const size = encode(AccountItem, item).length;
    if (size > free || (parts.at(-1)?.length ?? 0) >= ACCOUNT_ITEMS_MAX) {
      parts.push([]);
      free = PART_ITEMS_MAX_BYTES;
    }
    parts.at(-1)?.push(item);
    free -= size;
  }
  return parts.slice(0, SNAPSHOT_PARTS_MAX);
}
