/** All types of records that a profile can hold. A file that is missing here is found by test/formats/records.test.ts. */
import * as account from "../../src/protocol/records/account.ts";
import * as conversation from "../../src/protocol/records/conversation.ts";
import * as epoch from "../../src/protocol/records/epoch.ts";
import * as file from "../../src/protocol/records/file.ts";
import * as group from "../../src/protocol/records/group.ts";
import * as joining from "../../src/protocol/records/joining.ts";
import * as keyDelivery from "../../src/protocol/records/key-delivery.ts";
import * as log from "../../src/protocol/records/log.ts";
import * as outbox from "../../src/protocol/records/outbox.ts";
import * as pairwise from "../../src/protocol/records/pairwise.ts";
import * as report from "../../src/protocol/records/report.ts";
import * as roster from "../../src/protocol/records/roster.ts";
import * as topic from "../../src/protocol/records/topic.ts";
import type { RecordType } from "../../src/protocol/step.ts";

/** Files of src/protocol/records that declare records. */
export const RECORD_FILES: Readonly<Record<string, object>> = {
  "account.ts": account,
  "conversation.ts": conversation,
  "epoch.ts": epoch,
  "file.ts": file,
  "group.ts": group,
  "joining.ts": joining,
  "key-delivery.ts": keyDelivery,
  "log.ts": log,
  "outbox.ts": outbox,
  "pairwise.ts": pairwise,
  "report.ts": report,
  "roster.ts": roster,
  "topic.ts": topic,
};

const isRecordType = (each: unknown): each is RecordType<unknown> =>
  typeof each === "object" && each !== null && "prefix" in each && "codec" in each;

/** Each once. */
export const RECORD_TYPES: readonly RecordType<unknown>[] = Object.values(RECORD_FILES)
  .flatMap((file): unknown[] => Object.values(file))
  .filter(isRecordType);
