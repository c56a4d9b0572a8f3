/**
 * No nonce under one key and no message key seals two things, whoever seals them. A message counts once its envelope is
 * in an outbox: what a step sealed that was never committed has never been.
 */
import type { ProfileChanges } from "../../src/client/ports/profile.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { lpAll } from "../../src/verify/transcript.ts";
import { decode } from "../../src/wire/encoding.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { GroupMessageBody } from "../../src/wire/group-message.ts";
import type { Ledger } from "./ledger.ts";
import { beginsWith, latin, type Sealing } from "./watched-primitives.ts";

/** What a sealed group message is authenticated with begins so. */
const MESSAGE_AAD = lpAll("msg");

export interface KeyUse {
  /** Told of each sealing. */
  readonly sealed: (device: string, sealing: Sealing) => void;
  /** Told of each commit. A device that went back to an old copy (`isCopy`) may seal at a used place until it notices. */
  readonly committed: (device: string, changes: ProfileChanges, isCopy: boolean) => void;
}

export function watchKeyUse(ledger: Ledger): KeyUse {
  const contents = new Map<string, string>();
  /** Message keys by the nonce that they were used with. */
  const keys = new Map<string, string>();
  /** Nonces by the message key that they were used with, of what was committed. */
  const used = new Map<string, string>();
  return {
    sealed: (device, { key, nonce, aad, plaintext }) => {
      const place = latin(key) + latin(nonce);
      const content = `${latin(aad)}|${latin(plaintext)}`;
      if ((contents.get(place) ?? content) !== content)
        ledger.violate("no nonce is used twice", `${device} sealed a second plaintext under the same key and nonce`);
      contents.set(place, content);
      if (beginsWith(aad, MESSAGE_AAD)) keys.set(latin(nonce), latin(key));
    },
    committed: (device, { records }, isCopy) => {
      for (const [name, value] of records) {
        const row = value && name.startsWith(OUTBOX.prefix) ? decode(OUTBOX.codec, value) : undefined;
        const envelope = row && decodeEnvelope(row.envelope);
        const body = envelope?.kind === ENVELOPE_KIND.message ? decode(GroupMessageBody, envelope.body) : undefined;
        const key = body && keys.get(latin(body.nonce));
        if (!body || key === undefined) continue;
        const nonce = latin(body.nonce);
        if ((used.get(key) ?? nonce) !== nonce && !isCopy)
          ledger.violate("no message key is used twice", `${device} sealed two messages with one key`);
        used.set(key, nonce);
      }
    },
  };
}
