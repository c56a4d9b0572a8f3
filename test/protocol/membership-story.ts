/** Small membership logs told entry by entry, of which the real resolver and its twin have to think the same. */
import assert from "node:assert/strict";
import { resolve } from "../../src/protocol/log-resolution.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import { acceptEntry, headsOf } from "../../src/protocol/membership-log.ts";
import { equalBytes } from "../../src/verify/transcript.ts";
import { type Action, ROLE } from "../../src/wire/entry.ts";
import { type EntryHash, GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { DagEntry } from "../twin/membership-dag.ts";
import { entriesIn, pastOf, type TwinLog } from "../twin/membership-entries.ts";
import { emptyLog, withEntry } from "../twin/membership-twin.ts";
import { p } from "./device.ts";
import { type EntryShape, makeEntry, memberOf, type Somebody } from "./log-builder.ts";
import { named, realOpinion, twinOpinion } from "./membership-opinions.ts";

export interface Story {
  readonly group: GroupId;
  readonly first: EntryHash;
  /** Somebody writes, after the newest that counts or after these entries; allowed or not, both must say the same. */
  readonly tell: (by: Somebody, action: Action, ...after: readonly EntryHash[]) => EntryHash;
  /** Whether the entry's own past allows it. */
  readonly isAllowed: (entry: EntryHash) => boolean;
  readonly counts: (entry: EntryHash) => boolean;
  /** `undefined` of one who is no member. */
  readonly rankOf: (who: Somebody) => number | undefined;
  readonly has: (device: Somebody) => boolean;
  readonly view: () => ReturnType<typeof resolve>["view"];
}

export function newStory(founder: Somebody, others: readonly Somebody[] = []): Story {
  const entries: DagEntry[] = [];
  let twin: TwinLog = emptyLog;
  let real: LogState | undefined;
  const put = (shape: EntryShape): EntryHash => {
    const made = makeEntry(shape);
    const { by, action, parents = [], seq = 0, prev } = shape;
    const links = { seq, prev: prev && toHex(prev), parents: parents.map(toHex) };
    const entry = { id: toHex(made.hash), author: toHex(by.device), ...links, action, genuine: true };
    entries.push({ ...made, twin: entry, says: `${by.name} ${action.kind}` });
    twin = withEntry(twin, entry) ?? twin;
    const verdict = acceptEntry(p, shape.group ?? GroupId.from(made.hash), real, made.encoded);
    if (verdict.kind === "accepted") real = verdict.log;
    return made.hash;
  };
  let agreed = 0;
  /** The log, once both think the same of all that was told so far. */
  const log = (): LogState => {
    assert(real);
    if (agreed < entries.length)
      assert.deepEqual(named(realOpinion(real), entries), named(twinOpinion(twin), entries), entries.at(-1)?.says);
    agreed = entries.length;
    return real;
  };
  const record = memberOf(founder, ROLE.owner, others);
  const create = { kind: "create" as const, name: "club", founder: record, nonce: new Uint8Array(32) };
  const first = put({ by: founder, action: create });
  const group = GroupId.from(first);
  const tell = (by: Somebody, action: Action, ...after: readonly EntryHash[]): EntryHash => {
    const parents = [...(after.length > 0 ? after : headsOf(real ?? assert.fail("there is a log")))].sort((a, b) =>
      toHex(a) < toHex(b) ? -1 : 1,
    );
    const past = entriesIn(twin, pastOf(twin, parents.map(toHex)));
    const own = past.filter(({ author }) => author === toHex(by.device)).sort((a, b) => b.seq - a.seq)[0];
    const prev = entries.find((each) => each.twin.id === own?.id)?.hash;
    return put({ by, action, group, parents, seq: own ? own.seq + 1 : 0, prev });
  };
  const view = () => resolve(log()).view;
  const member = (who: Somebody) => view().members.get(toHex(who.account));
  return {
    group,
    first,
    tell,
    view,
    isAllowed: (entry) => log().entries.some(({ hash }) => equalBytes(hash, entry)),
    counts: (entry) => {
      const { entries: kept } = log();
      return resolve(log()).counting.has(kept.findIndex(({ hash }) => equalBytes(hash, entry)));
    },
    rankOf: (who) => member(who)?.role,
    has: (device) => member(device)?.devices.some((each) => toHex(each) === toHex(device.device)) ?? false,
  };
}
