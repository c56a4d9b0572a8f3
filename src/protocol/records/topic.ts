/**
 * Records of topics: which we read and why, how far, and what their relays signed that was not true.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bool, struct, union } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { EntryHash, EpochId, GroupId, type LogId, Sequence, Topic } from "../../wire/ids.ts";
import { SignedRelayStatement } from "../../wire/relay-statement.ts";
import { toHex } from "../../wire/text-forms.ts";
import type { RecordType } from "../step.ts";
import { record, secret } from "./record.ts";

/** What a topic we read is for. */
export const TopicState = struct({
  topic: Topic,
  seed: secret,
  use: union({
    epoch: [1, struct({ group: GroupId, epoch: EpochId })],
    inbox: [2, struct({ isPublic: bool })],
    rendezvous: [3, struct({ group: GroupId, invite: EntryHash })],
    account: [4, struct({})],
  }),
});
export type TopicState = Infer<typeof TopicState>;
export const TOPIC: RecordType<TopicState> = record("topic/", TopicState);

/** Last number committed from one holder's log of one topic; id: log/topic. */
export const CURSOR: RecordType<{ readonly sequence: Sequence }> = record("cursor/", struct({ sequence: Sequence }));
export const cursorId = (log: LogId, topic: Topic): string => `${toHex(log)}/${toHex(topic)}`;

/** Contradictions of relays that are kept; further ones would show nothing new. */
export const STATEMENTS_MAX = 16;

/** A relay did not tell the truth; id: log/topic/number, 16 decimal digits. */
export const STATEMENT: RecordType<SignedRelayStatement> = record("statement/", SignedRelayStatement);
