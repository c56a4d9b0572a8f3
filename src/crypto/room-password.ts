/**
 * The room password: whoever follows a link to a group that has one must know it as well.
 * @see PROTOCOL.md § Invites
 */
import type { GroupId } from "../wire/ids.ts";
import { passphraseBytes } from "./key-wrap.ts";
import type { Argon2Cost, Primitives } from "./primitives.ts";

/** Of the protocol, so everybody's key is the same: RFC 9106's second recommended choice, as for a new profile. */
const ROOM_PASSWORD_COST: Argon2Cost = { memoryKiB: 64 * 1024, passes: 3 };
/** Bytes of Argon2id's salt: the beginning of the group's id. */
const SALT_BYTES = 16;

/** The key (32 bytes) that stands in the group's settings. Takes a quarter of a second and 64 MiB. */
export function roomPasswordKey(p: Primitives, password: string, group: GroupId): Uint8Array {
  return p.argon2id(passphraseBytes(password), group.slice(0, SALT_BYTES), ROOM_PASSWORD_COST);
}
