/** What a topic service tells its host, for metrics and logs. No PeerIds, topics or contents. */
export type TopicServiceEvent =
  | { readonly kind: "session-opened" }
  /** `reason` is one of our own sentences or libp2p's name for the failure. */
  | { readonly kind: "session-closed"; readonly reason: string }
  /** One open request: proofs that held, and that did not. */
  | { readonly kind: "opened"; readonly topics: number; readonly refused: number }
  /** One append request; `bytes` of the newly stored envelopes. */
  | {
      readonly kind: "appended";
      readonly stored: number;
      readonly duplicates: number;
      readonly refused: number;
      readonly bytes: number;
    }
  /** One tick of the live flow: different envelopes, and how often one was handed to a reader. */
  | { readonly kind: "fanned-out"; readonly envelopes: number; readonly deliveries: number; readonly bytes: number }
  /** One page of stored envelopes for one reader. */
  | { readonly kind: "page-sent"; readonly envelopes: number; readonly bytes: number };
