/** What a client does for people who are connected to it, members or not: mail for them, their prekeys, and ours for them. */
import type { AppendOutcome, TopicSubscription } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { DirectoryKey } from "../wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../wire/prekey-frames.ts";
import { deliverMail } from "./mail-delivery.ts";
import type { NetNode } from "./node.ts";
import { ownPrekeys } from "./own-prekeys.ts";
import type { PeerLinks } from "./peer-links.ts";
import { type PrekeyAsker, prekeyInquiry } from "./prekey-client.ts";
import { createPrekeyService } from "./prekey-service.ts";

export interface Correspondence {
  /** Gives mail to those of the people who are connected whose it is; looks for the others. One answer for each whom it is given to. */
  readonly deliver: (envelopes: readonly Uint8Array[]) => readonly Promise<readonly (AppendOutcome | undefined)[]>[];
  /** Asks whoever is connected, or comes soon, for the prekeys of their account. */
  readonly takePrekeys: (directoryKey: DirectoryKey) => Promise<readonly TakenPrekeys[] | undefined>;
  /** What we answer to such a question. */
  readonly offerPrekeys: (record: DirectoryRecord) => void;
}

export interface CorrespondenceParts {
  readonly links: PeerLinks;
  readonly verifier: Verifier;
  readonly subscriptions: () => Iterable<TopicSubscription>;
  readonly askPrekeys: PrekeyAsker;
  /** Whether people are looked for whose address is not known. */
  readonly discovers: boolean;
}

/** The service begins with `serve`, before the node starts. */
export function correspondence({ links, verifier, subscriptions, askPrekeys, discovers }: CorrespondenceParts): {
  readonly calls: Correspondence;
  readonly serve: (node: NetNode) => Promise<void>;
} {
  const prekeys = ownPrekeys();
  return {
    calls: {
      deliver: (envelopes) => deliverMail(links, subscriptions(), envelopes),
      takePrekeys: prekeyInquiry(links, askPrekeys, discovers),
      offerPrekeys: prekeys.offer,
    },
    serve: createPrekeyService({ directory: prekeys, verifier }).serve,
  };
}
