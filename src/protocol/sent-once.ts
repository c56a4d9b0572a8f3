/**
 * What we send: each thing once, however often its call is repeated, in an epoch that all of its members may read.
 * @see PROTOCOL.md § Group messages
 */
import { Fault } from "../wire/fault.ts";
import type { FileManifest } from "../wire/file-manifest.ts";
import type { MessageContent } from "../wire/group-message.ts";
import type { GroupId, MessageId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import type { SavedFile } from "./file-state.ts";
import { type FileNews, noteFile } from "./files.ts";
import { readyToSend } from "./group-change.ts";
import { sendContents } from "./group-sending.ts";
import { ACCOUNT } from "./records/account.ts";
import { GROUP, type GroupState, OUT } from "./records/group.ts";
import { CALL } from "./records/outbox.ts";
import { rekeyAfterMessages } from "./sending-epoch.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import { acceptGroup } from "./unasked-groups.ts";

/** A text, and the call that it came with (hex): a second one answers the message of the first. */
export interface TextToSend {
  readonly text: string;
  readonly call: string;
}

/** A file whose lists are saved already. */
export interface FileToSend {
  readonly group: GroupId;
  readonly manifest: FileManifest;
  readonly saved: SavedFile;
  readonly call: string;
}

/** The group, which must be one of ours. */
export function* groupOf(work: Work, group: GroupId): Step<GroupState> {
  return yield* readExisting(work, GROUP, toHex(group));
}

/** Seals in an epoch that all of its members may read; a long conversation is followed by a fresh key. */
function* say(work: Work, id: GroupId, contents: readonly MessageContent[]): Step<readonly MessageId[]> {
  const group = yield* readyToSend(work, yield* groupOf(work, id));
  const ids = yield* sendContents(work, group, contents);
  yield* rekeyAfterMessages(work, id);
  return ids;
}

/** Sends a text unless its call has sent it before; its id. */
export function* sendText(work: Work, group: GroupId, send: TextToSend): Step<MessageId> {
  return (yield* sendOnce(work, group, [send]))[0] ?? unanswered();
}

/** Sends what no call before has sent, and answers one id for each. */
export function* sendOnce(work: Work, group: GroupId, sends: readonly TextToSend[]): Step<readonly MessageId[]> {
  const fresh = new Map<string, string>();
  const sent = new Map<string, MessageId>();
  for (const { text, call } of sends) {
    const before = yield* read(work, CALL, call);
    if (before) sent.set(call, before.message);
    else fresh.set(call, fresh.get(call) ?? text);
  }
  const ids = fresh.size === 0 ? [] : yield* say(work, group, [...fresh.values()].map(textOf));
  if (fresh.size > 0) yield* acceptGroup(work, group);
  for (const [i, call] of [...fresh.keys()].entries()) {
    const message = ids[i] ?? unanswered();
    write(work, CALL, call, { message, at: work.nowMs as TimeMs });
    sent.set(call, message);
  }
  return sends.map(({ call }) => sent.get(call) ?? unanswered());
}

const textOf = (text: string): MessageContent => ({ kind: "text", text });

/** Sends a file's message unless that call has sent it before. */
export function* sendFile(work: Work, input: FileToSend): Step<MessageId> {
  const { group, call, manifest, saved } = input;
  const before = yield* read(work, CALL, call);
  if (before) return before.message;
  const id = (yield* say(work, group, [{ kind: "file", manifest }]))[0] ?? unanswered();
  write(work, CALL, call, { message: id, at: work.nowMs as TimeMs });
  yield* acceptGroup(work, group);
  const { account } = yield* readExisting(work, ACCOUNT);
  noteFile(work, { group, id }, manifest, { account, sentAt: work.nowMs, stage: { kind: "sending", saved } });
  return id;
}

/** Says our name where the group calls us otherwise; where we are no member, or none yet, there is nobody to tell. */
export function* tellName(work: Work, id: GroupId): Step<void> {
  const { sending } = yield* groupOf(work, id);
  if (sending && !(yield* read(work, OUT, toHex(id)))) yield* say(work, id, []);
}

/** Says that we miss a file, or have all of it. */
export function* tellOfFile(work: Work, group: GroupId, content: FileNews): Step<void> {
  yield* say(work, group, [content]);
}

function unanswered(): never {
  throw new Fault("internal/invariant", "a message was sent and has no id");
}
