import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { decodeEntry, decodeEntryCore } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { type Act, type Person, play, prepare, readAll, reader, type Story, type Told } from "./message-story.ts";
import { existingLogIn } from "./saved-records.ts";

const PREPARED = prepare();
const GROUP = toHex(PREPARED.group);

const writer = fc.constantFrom<Person>("Ann", "Bob", "Cem", "Eve");
const removable = fc.constantFrom<Person>("Cem", "Eve");
const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: writer.map((who) => ({ kind: "say" as const, who })) },
  { weight: 4, arbitrary: writer.map((who) => ({ kind: "read" as const, who })) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("remove" as const),
      who: fc.constantFrom<Person>("Ann", "Bob"),
      whom: removable,
    }),
  },
);
/** Nobody is removed: a device that is put back to before a removal gives its secrets to whom they reach first. */
const aForkingAct: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom("say", "say", "say", "read", "copy", "restore"),
  who: writer,
});
const acts = (one: fc.Arbitrary<Act>) => fc.array(one, { minLength: 10, maxLength: 40 });
const anOrder = fc.infiniteStream(fc.nat());

/** Dan, once he has read everything in some order. */
function danAfter(story: Story, order: Iterator<number>): Device {
  const dan = reader(PREPARED, "Dan");
  readAll(dan, story, (count) => (count === 0 ? 0 : (order.next().value ?? 0) % count));
  return dan;
}

/** The texts of the members' messages that count, by the rule itself. */
function countedOf({ told }: Story, dan: Device): readonly string[] {
  const removals = existingLogIn(dan.records, GROUP).entries.flatMap(({ hash, action }) => {
    const core = decodeEntry(dan.existing(ENTRY, `${GROUP}/${toHex(hash)}`).encoded)?.core;
    const frontier = (core && decodeEntryCore(core))?.frontier.map(toHex) ?? [];
    return action.kind === "remove" ? [{ hash: toHex(hash), accounts: action.accounts.map(toHex), frontier }] : [];
  });
  const byId = new Map(told.map((each) => [toHex(each.said.id), each]));
  const against = ({ said, knew }: Told) =>
    removals.filter(({ hash, accounts }) => !knew.includes(hash) && accounts.includes(toHex(said.account)));
  const pastOf = (ids: readonly string[]): ReadonlySet<string> => {
    const past = new Set<string>(ids);
    for (const id of past) for (const cited of byId.get(id)?.said.cites ?? []) past.add(toHex(cited));
    return past;
  };
  const counting = new Set(told.filter((each) => against(each).length === 0));
  const hasSeen = (witness: Told, each: Told): boolean =>
    against(each).every(
      ({ hash, accounts }) => !witness.knew.includes(hash) && !accounts.includes(toHex(witness.said.account)),
    ) && pastOf(witness.said.cites.map(toHex)).has(toHex(each.said.id));
  for (let before = -1; before !== counting.size; ) {
    before = counting.size;
    for (const each of told) {
      const isSeen = against(each).some(({ frontier }) => pastOf(frontier).has(toHex(each.said.id)));
      if (isSeen || [...counting].some((witness) => hasSeen(witness, each))) counting.add(each);
    }
  }
  const isReadable = ({ said }: Told): boolean => dan.record(EPOCH, toHex(said.epoch)) !== undefined;
  return [...counting]
    .filter(isReadable)
    .map(({ text }) => text)
    .sort();
}

describe("what removals mean for messages", () => {
  it("is the same whatever the order of arrival, and what the rule says", function () {
    this.timeout(120_000);
    let held = 0;
    fc.assert(
      fc.property(acts(anAct), anOrder, anOrder, (story, one, other) => {
        const played = play(PREPARED, story);
        const [dan, again] = [danAfter(played, one), danAfter(played, other)];
        assert.deepEqual(dan.texts(), again.texts());
        assert.deepEqual([...dan.texts()].sort(), countedOf(played, dan));
        if (dan.texts().length < played.told.length) held++;
      }),
      { numRuns: 60 },
    );
    assert(held > 0, "no story held a message back");
  });
});

describe("devices that sign two messages for one place", () => {
  it("show neither, whatever the order of arrival", function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(acts(aForkingAct), anOrder, anOrder, (story, one, other) => {
        const played = play(PREPARED, story);
        const [dan, again] = [danAfter(played, one), danAfter(played, other)];
        assert.deepEqual(dan.texts(), again.texts());
      }),
      { numRuns: 60 },
    );
  });
});
