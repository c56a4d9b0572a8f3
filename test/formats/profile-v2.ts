/** What the saved profile `test/formats/profile-v2` holds beside what version 1 did: envelopes. Written once, never again. */
import { ENVELOPE_KIND, encodeEnvelope, NO_SIGNATURE } from "../../src/wire/envelope.ts";
import { Topic } from "../../src/wire/ids.ts";

/** Topic of both. */
export const SAVED_TOPIC = Topic.from(new Uint8Array(32).fill(0x70));

const envelope = (text: string): Uint8Array =>
  encodeEnvelope({
    version: 1,
    topic: SAVED_TOPIC,
    kind: ENVELOPE_KIND.message,
    body: new Uint8Array(Buffer.from(text)),
    signature: NO_SIGNATURE,
  });

/** In the order of their numbers, 1 and 2. */
export const SAVED_ENVELOPES: readonly Uint8Array[] = ["first", "second"].map(envelope);
