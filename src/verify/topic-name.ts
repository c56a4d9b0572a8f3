/**
 * How members name a topic to each other before both have shown that they know it. The name holds for one stream
 * only, and tells nothing to whoever does not know the topic.
 *
 * @see PROTOCOL.md § Meeting
 */
import type { Topic } from "../wire/ids.ts";
import { lpAll } from "./transcript.ts";
import type { Verifier } from "./verifier.ts";

/** The name of `topic` (32 bytes) on the stream of these two nonces, 32 bytes each. */
export function topicName(
  sha256: Verifier["sha256"],
  topic: Topic,
  nonces: { readonly holder: Uint8Array; readonly client: Uint8Array },
): Uint8Array {
  return sha256(lpAll("topic-name", nonces.holder, nonces.client, topic));
}
