/** What a relay is shown: looked through for anything that it must not learn. */
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import type { Ledger } from "./ledger.ts";
import type { SimRelay } from "./sim-relay.ts";

/** Bytes that no relay may see, and what they are. */
export interface Secrets {
  /** Texts of messages are added when they are written; these are there from the start. */
  readonly add: (what: string, bytes: Uint8Array) => void;
  /** The relay, with every append and publication looked at. */
  readonly watching: (relay: SimRelay) => SimRelay;
}

/** Shorter ones turn up by chance. */
const SECRET_MIN_BYTES = 6;

export function relaySecrets(ledger: Ledger): Secrets {
  const secrets: { readonly what: string; readonly bytes: Buffer }[] = [];
  const look = (shown: Uint8Array): void => {
    const bytes = Buffer.from(shown.buffer, shown.byteOffset, shown.byteLength);
    for (const secret of secrets)
      if (bytes.includes(secret.bytes)) ledger.violate("a relay reads nothing", `a relay is shown ${secret.what}`);
  };
  const lookAt = ({ bundle, oneTime }: DirectoryRecord): void => {
    look(bundle);
    for (const { sealed } of oneTime) look(sealed);
  };
  return {
    add: (what, bytes) => {
      if (bytes.length >= SECRET_MIN_BYTES) secrets.push({ what, bytes: Buffer.from(bytes) });
    },
    watching: (relay) => ({
      ...relay,
      append: (envelope) => {
        look(envelope);
        return relay.append(envelope);
      },
      publish: (record) => {
        lookAt(record);
        return relay.publish(record);
      },
    }),
  };
}
