import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { TOPICS } from "../../src/cli/help-topics.ts";
import { PAST_CHAINS_MAX } from "../../src/crypto/double-ratchet-state.ts";
import { DEFAULT_COST, KeyFile } from "../../src/crypto/key-wrap.ts";
import { PADDED_MIN_BYTES } from "../../src/crypto/padme.ts";
import { ACCEPTED_INITIALS_MAX } from "../../src/crypto/pairwise-session-state.ts";
import { LINK_TIMING } from "../../src/net/link-timing.ts";
import { ANSWERS_MAX_BYTES } from "../../src/net/request-flow.ts";
import { TOPIC_LIMITS } from "../../src/net/topic-limits.ts";
import { ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_LOW, SIGNED_PREKEY_MS } from "../../src/protocol/account.ts";
import { isDerived } from "../../src/protocol/epochs.ts";
import { SUPERSEDED_EPOCH_MS } from "../../src/protocol/erasure.ts";
import { isKeyAction, isRootAction } from "../../src/protocol/log-resolution.ts";
import { LOG_ENTRIES_MAX } from "../../src/protocol/log-state.ts";
import { WAITING_ENTRIES_MAX } from "../../src/protocol/records/log.ts";
import { LABEL_NAMES } from "../../src/verify/labels.ts";
import * as accountSnapshot from "../../src/wire/account-snapshot.ts";
import * as bundle from "../../src/wire/bundle.ts";
import * as chunkFrames from "../../src/wire/chunk-frames.ts";
import { type Codec, decode, encode } from "../../src/wire/encoding.ts";
import * as entry from "../../src/wire/entry.ts";
import * as envelope from "../../src/wire/envelope.ts";
import { exitCodeOf, FAULT_CODES } from "../../src/wire/fault.ts";
import * as fileManifest from "../../src/wire/file-manifest.ts";
import * as groupMessage from "../../src/wire/group-message.ts";
import * as ids from "../../src/wire/ids.ts";
import * as joinRequest from "../../src/wire/join-request.ts";
import * as limits from "../../src/wire/limits.ts";
import * as link from "../../src/wire/link.ts";
import * as live from "../../src/wire/live.ts";
import * as pairwise from "../../src/wire/pairwise.ts";
import * as pairwisePayload from "../../src/wire/pairwise-payload.ts";
import * as prekeyFrames from "../../src/wire/prekey-frames.ts";
import * as relayStatement from "../../src/wire/relay-statement.ts";
import * as topicFrames from "../../src/wire/topic-frames.ts";
import { RECORD_TYPES } from "../formats/every-record.ts";
import { ROOT } from "./biome-run.ts";
import { assertFields, type Layout, type Names, parseLayout, probes } from "./written-layout.ts";

const DOCUMENT = readFileSync(join(ROOT, "PROTOCOL.md"), "utf8");

/** Rows of the tables under a heading, cells trimmed, without their header. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = DOCUMENT.split(/^## /m).find((each) => each.startsWith(`${heading}\n`));
  assert.ok(section, `PROTOCOL.md has no section ${heading}`);
  return tableRows(section);
}

function tableRows(text: string): readonly (readonly string[])[] {
  const rows = text.split("\n").filter((line) => line.startsWith("|") && !line.startsWith("|---"));
  return rows.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Modules of src/wire that declare formats or limits. */
const MODULES: Readonly<Record<string, object>> = {
  "account-snapshot.ts": accountSnapshot,
  "bundle.ts": bundle,
  "chunk-frames.ts": chunkFrames,
  "entry.ts": entry,
  "envelope.ts": envelope,
  "file-manifest.ts": fileManifest,
  "group-message.ts": groupMessage,
  "ids.ts": ids,
  "join-request.ts": joinRequest,
  "limits.ts": limits,
  "link.ts": link,
  "live.ts": live,
  "relay-statement.ts": relayStatement,
  "pairwise.ts": pairwise,
  "pairwise-payload.ts": pairwisePayload,
  "prekey-frames.ts": prekeyFrames,
  "topic-frames.ts": topicFrames,
};
/** Those that declare neither. */
const OTHERS = [
  "brand.ts",
  "codec.ts",
  "encoding.ts",
  "fault.ts",
  "near-words.ts",
  "picture-header.ts",
  "text-forms.ts",
  "utf8.ts",
];

/** Everything that they export. */
const WIRE: ReadonlyMap<string, unknown> = new Map(Object.values(MODULES).flatMap((each) => Object.entries(each)));

const isCodec = (value: unknown): value is Codec<unknown> =>
  typeof value === "object" && value !== null && "write" in value && "read" in value;

const LIMITS: ReadonlyMap<string, number> = new Map(
  rowsUnder("Limits")
    .slice(1)
    .map(([name = "", value]) => [name, Number(value)]),
);

function writtenNames(): Names {
  const layouts = new Map<string, Layout>([
    ["ResumeToken", parseLayout("bytes(0..64)", LIMITS)],
    ["refusal", parseLayout("u8(1..9)", LIMITS)],
  ]);
  for (const [name = "", length, what = ""] of rowsUnder("Encoding")) {
    if (!/^[A-Z]\w+$/.test(name)) continue;
    const uint = /^`(u\d+)`/.exec(what)?.[1];
    layouts.set(name, parseLayout(uint ?? `raw(${length})`, LIMITS));
  }
  for (const [, name = "", , table = ""] of DOCUMENT.matchAll(/^Layout \*\*(\w+)\*\*([^|]*?)\n((?:\|.*\n)+)/gm)) {
    layouts.set(name, tableLayout(table));
  }
  return { layouts, limits: LIMITS };
}

function tableLayout(table: string): Layout {
  const [head, ...rows] = tableRows(table);
  if (head?.[0] === "field")
    return { kind: "fields", fields: rows.map(([name = "", layout = ""]) => [name, parseLayout(layout, LIMITS)]) };
  assert.equal(head?.[0], "tag");
  return {
    kind: "variants",
    variants: rows.map(([tag, kind = "", layout = ""]) => [Number(tag), kind, parseLayout(layout, LIMITS)]),
  };
}

const NAMES = writtenNames();

describe("PROTOCOL.md", () => {
  it("names every label once, and no other", () => {
    const written = rowsUnder("Labels")
      .slice(1)
      .flatMap(([, labels = ""]) => [...labels.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    assert.deepEqual(written.toSorted(), [...LABEL_NAMES].sort());
  });

  it("gives every limit of the formats with its value", () => {
    const limits = [...WIRE].filter(([name, value]) => /^[A-Z_]+$/.test(name) && typeof value === "number");
    assert.deepEqual([...LIMITS].sort(), limits.sort());
  });

  it("lays out every format, and no other", () => {
    assert.deepEqual(readdirSync(join(ROOT, "src/wire")).sort(), [...Object.keys(MODULES), ...OTHERS].sort());
    const codecs = [...WIRE].filter(([, value]) => isCodec(value)).map(([name]) => name);
    assert.deepEqual([...NAMES.layouts.keys()].sort(), [...codecs, "KeyFile"].sort());
  });

  for (const [name, layout] of NAMES.layouts) {
    it(`lays out ${name} as the codec does`, () => {
      const codec = (name === "KeyFile" ? KeyFile : WIRE.get(name)) as Codec<unknown>;
      for (const { bytes, isValid, about } of probes(NAMES, layout)) {
        const value = decode(codec, bytes);
        assert.equal(value !== undefined, isValid, `${name}: ${about}`);
        if (value === undefined) continue;
        assertFields(NAMES, layout, value);
        assert.deepEqual(encode(codec, value), bytes);
      }
    });
  }

  it("lists every kind of saved record", () => {
    const prefixes = RECORD_TYPES.map(({ prefix }) => prefix);
    const written = rowsUnder("Saved records")
      .slice(1)
      .map(([prefix = ""]) => prefix.replaceAll("`", ""));
    assert.deepEqual(written.toSorted(), prefixes.sort());
  });

  it("has every section that the code or the document refers to", () => {
    const headings = new Set([...DOCUMENT.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => title));
    const links = [...DOCUMENT.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
    const anchors = new Set([...headings].map((title) => title.toLowerCase().replaceAll(" ", "-")));
    assert.deepEqual(
      links.filter((link) => !anchors.has(link)),
      [],
    );
    for (const { path, title } of references("PROTOCOL.md")) {
      assert.ok(
        [...headings].some((each) => isTitle(title, each)),
        `${path}: § ${title}`,
      );
    }
  });
});

describe("PROTOCOL.md, where it gives a number of the code", () => {
  const text = DOCUMENT.replace(/\s+/g, " ");
  const days = (ms: number) => ms / 86_400_000;
  const seconds = (ms: number) => ms / 1_000;
  const grouped = (value: number) => value.toLocaleString("en");
  const { heartbeatMs, deadAfterMs, firstRetryMs, lastRetryMs } = LINK_TIMING;
  const sentences = [
    `sent or nothing was heard for ${seconds(heartbeatMs)} s, and takes ${seconds(deadAfterMs)} s without a byte`,
    `after ${seconds(firstRetryMs)} s, doubling to ${seconds(lastRetryMs)} s`,
    `cuts a connection after ${seconds(TOPIC_LIMITS.silentAfterMs)} s without a byte`,
    `${grouped(TOPIC_LIMITS.topicsPerConnection)} topics a connection, ${TOPIC_LIMITS.requestsUnderWay} requests or`,
    `or ${TOPIC_LIMITS.bytesUnderWay / 2 ** 20} MiB under way before it stops reading, ${ANSWERS_MAX_BYTES / 2 ** 20} MiB of answers`,
    `before it does so, too, ${TOPIC_LIMITS.forgedPerConnection} forged`,
    `pages of ${TOPIC_LIMITS.pageEnvelopes} envelopes or ${TOPIC_LIMITS.pageBytes / 2 ** 10} KiB`,
    `keeps ${ONE_TIME_PREKEYS} one-time prekeys in the directory and fills up when fewer than ${ONE_TIME_PREKEYS_LOW}`,
    `X25519, replaced after ${days(SIGNED_PREKEY_MS)} days`,
    `those of the last ${PAST_CHAINS_MAX} past chains`,
    `the last ${ACCEPTED_INITIALS_MAX} ids per peer`,
    `max(${PADDED_MIN_BYTES}, padme(4 + length))`,
    `waits (${grouped(WAITING_ENTRIES_MAX)} at most per group)`,
    `list(bytes(0..60128), 0..${LOG_ENTRIES_MAX})`,
    `${days(SUPERSEDED_EPOCH_MS)} days after another took its place`,
    `${DEFAULT_COST.memoryKiB / 1024} MiB and ${DEFAULT_COST.passes} passes`,
  ];
  for (const sentence of sentences) {
    it(`says: ${sentence}`, () => assert.ok(text.includes(sentence)));
  }

  it("lists the refusals, the kinds of envelope and the tags of actions", () => {
    const refusals = rowsUnder("Topic protocol").filter(
      ([number = ""], i, all) => /^\d$/.test(number) && all[i]?.length === 3,
    );
    assert.deepEqual(
      refusals.map(([number, name = ""]) => [Number(number), name.split(" (")[0]]),
      Object.entries(topicFrames.REFUSAL).map(([name, number]) => [
        number,
        name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`),
      ]),
    );
    const kinds = Object.entries(envelope.ENVELOPE_KIND).map(([name, number]) => `${number} ${name}`);
    assert.ok(text.includes(kinds.join(", ")));
    const action = NAMES.layouts.get("Action");
    const tags = action?.kind === "variants" ? action.variants.map(([tag, kind]) => [String(tag), kind]) : [];
    const rules = rowsUnder("Membership log").filter((row) => row.length === 5 && /^\d+$/.test(row[0] ?? ""));
    assert.deepEqual(rules.map(([tag, kind]) => [tag, kind]).sort(), tags.sort());
  });

  it("says of each action how it changes the key", () => {
    const rules = rowsUnder("Membership log").filter((row) => row.length === 5 && /^\d+$/.test(row[0] ?? ""));
    const written = rules.map(([, kind = "", , , change = ""]) => [kind as entry.Action["kind"], change] as const);
    const changeBy = (kind: entry.Action["kind"]): string => {
      if (!isKeyAction(kind)) return "no";
      if (isRootAction(kind)) return "root";
      return isDerived(kind) ? "derived" : "none";
    };
    assert.equal(written.length, 11);
    for (const [kind, change] of written) assert.equal(change, changeBy(kind), kind);
    for (const name of ["root", "derived"]) {
      const kinds = written.filter(([, change]) => change === name).map(([kind]) => kind);
      assert.ok(new RegExp(`^${name} entry +${kinds.join(", ")} +S\\(`, "m").test(DOCUMENT), `${name}: ${kinds}`);
    }
  });

  it("lists every error code", () => {
    const line = DOCUMENT.split("\n").find((each) => each.startsWith("Error codes: ")) ?? "";
    assert.deepEqual([...line.matchAll(/`([^`]+)`/g)].map(([, code]) => code).sort(), [...FAULT_CODES].sort());
  });

  it("says with which faults a program ends with 2, as the help does", () => {
    const [, , codes = ""] = /^\| (2) \| (.*) \|$/m.exec(DOCUMENT.split("## Command line")[1] ?? "") ?? [];
    const written = [...codes.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
    assert.deepEqual(
      written,
      FAULT_CODES.filter((code) => exitCodeOf(code) === 2),
    );
    for (const code of written) assert.ok(TOPICS["exit-codes"]?.includes(code ?? "-"), code);
  });

  it("lists every command", () => {
    const written = rowsUnder("Command line")
      .slice(1)
      .flatMap(([cell = ""]) => [...cell.matchAll(/`([a-z -]+)/g)]);
    const names = COMMANDS.map(({ name }) => name).filter((name) => name !== "start"); // a choice of others
    assert.deepEqual(written.map(([, name = ""]) => name.trim()).sort(), names.sort());
  });
});

/** What follows a "§" of that document in the sources. */
function references(document: string): readonly { readonly path: string; readonly title: string }[] {
  return ["src", "relay-node"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) => {
        const source = readFileSync(join(ROOT, folder, path), "utf8");
        const lines = [...source.matchAll(new RegExp(`${document} (§.*)$`, "gm"))];
        return lines.flatMap(([, rest = ""]) =>
          [...rest.matchAll(/§ (\w[^§]*)/g)].map(([, title = ""]) => ({ path: join(folder, path), title })),
        );
      }),
  );
}

/** The reference begins with the heading and does not go on with another word in its place. */
function isTitle(reference: string, heading: string): boolean {
  return reference.startsWith(heading) && /^(?:$|[.,;:)*\s])/.test(reference.slice(heading.length));
}
