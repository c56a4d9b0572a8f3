/**
 * The prekey directory of one device: its own entry, for whoever is connected to it and knows its account.
 *
 * It hands out no one-time prekeys: a relay's directory hands out the same ones, and each opens one letter only.
 * Nobody publishes here.
 */

import type { DirectoryRecord, TakenPrekeys } from "../wire/prekey-frames.ts";
import { toHex } from "../wire/text-forms.ts";
import type { PrekeyDirectory } from "./prekey-directory.ts";

export interface OwnPrekeys extends PrekeyDirectory {
  /** From now on this is what we hand out. */
  readonly offer: (record: DirectoryRecord) => void;
}

/** A directory without an entry. */
export function ownPrekeys(): OwnPrekeys {
  let own: DirectoryRecord | undefined;
  const peek: PrekeyDirectory["peek"] = async (directoryKey): Promise<readonly TakenPrekeys[]> =>
    own && toHex(own.directoryKey) === toHex(directoryKey)
      ? [{ slot: own.slot, bundle: own.bundle, oneTime: undefined }]
      : [];
  return {
    offer: (record) => {
      own = record;
    },
    publish: async () => ({ kind: "full" }),
    take: peek,
    peek,
    count: async () => 0,
  };
}
