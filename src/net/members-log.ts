/** The log that deliveries of members are said to be from. */
import { LogId } from "../wire/ids.ts";

/** One place for all members, which nobody asks for: their own logs have new names at each start. 16 zero bytes. */
export const MEMBERS_LOG = LogId.from(new Uint8Array(16));
