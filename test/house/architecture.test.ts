import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { defaults } from "../../relay-node/config.ts";
import { startRelay } from "../../relay-node/relay.ts";
import { FAULT_CODES } from "../../src/wire/fault.ts";
import { ROOT } from "./biome-run.ts";
import { chattingPerson } from "./chatting-person.ts";
import { traceOf } from "./message-trace.ts";

const DOCUMENT = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");

function section(heading: string): string {
  const found = DOCUMENT.split(/^## /m).find((each) => each.startsWith(`${heading}\n`));
  return found ?? assert.fail(`ARCHITECTURE.md has no section ${heading}`);
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as T;
}

/** Rows of a section's table, without its header. */
function rows(heading: string): readonly (readonly string[])[] {
  const lines = section(heading)
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|---"));
  return lines.slice(1).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

interface Place {
  readonly file: string;
  readonly name: string;
}

/** Files and functions of the hops, in their order. */
const PLACES: readonly Place[] = rows("One message in eight hops").flatMap(([, where = ""]) => {
  let file = "";
  const found: Place[] = [];
  for (const [, word = ""] of where.matchAll(/`([^`]+)`/g)) {
    if (word.includes("/")) file = word;
    else found.push({ file, name: word });
  }
  return found;
});

/** Sends one line from a chat to another one and answers which functions ran. */
async function traceOfOneMessage() {
  const data = mkdtempSync(join(tmpdir(), "hermes-hops-relay-"));
  const config = { ...defaults(), data, listen: ["/ip4/127.0.0.1/tcp/0"] };
  const relay = await startRelay(config, () => undefined);
  const [address = ""] = relay.addresses;
  const [ada, bo] = await Promise.all([chattingPerson("Ada", address), chattingPerson("Bo", address)]);
  try {
    const { group } = await ada.session.call("group-create", { name: "Hops" });
    const { link } = await ada.session.call("group-invite", { group: group.id });
    const joined = await bo.session.call("group-join", { link, waitMs: 20_000 });
    assert.equal(joined.state, "joined");
    for (const each of [ada, bo]) {
      await each.session.call("sync", {});
      each.openChat(group);
      await each.sees("/help shows more");
    }
    return await traceOf(async () => {
      ada.type("over eight hops");
      await bo.sees("Ada: over eight hops");
    });
  } finally {
    await Promise.all([ada.leave(), bo.leave()]);
    await relay.stop();
    rmSync(data, { recursive: true });
  }
}

describe("ARCHITECTURE.md", () => {
  it("names eight hops, and files and functions that exist", () => {
    assert.equal(rows("One message in eight hops").length, 8);
    for (const { file, name } of PLACES) {
      const declared = new RegExp(`function\\*? ${name}\\b`);
      assert.match(readFileSync(join(ROOT, file), "utf8"), declared, `${file} has no function ${name}`);
    }
  });

  it("follows a real message from one keyboard to another screen", async function () {
    this.timeout(60_000);
    const trace = await traceOfOneMessage();
    const idle = PLACES.filter(({ file, name }) => !trace.get(file)?.has(name));
    assert.deepEqual(idle, []);
  });

  it("gives a row to each folder of the house, and to no other", () => {
    const isFolder = (path: string) => existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isDirectory();
    const inSrc = readdirSync(join(ROOT, "src")).map((name) => `src/${name}`);
    const folders = [...inSrc, "relay-node", "scripts", "test", "bench"];
    const written = rows("The house").map(([folder = ""]) => folder.replaceAll("`", ""));
    assert.deepEqual(written.toSorted(), folders.filter(isFolder).sort());
  });

  it("gives a reason for each dependency, with the version and licence that are installed", () => {
    const { dependencies, optionalDependencies, devDependencies } =
      read<Record<"dependencies" | "optionalDependencies" | "devDependencies", Record<string, string>>>("package.json");
    const lock = read<{ packages: Record<string, { version: string; license: string }> }>("package-lock.json");
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
    const expected = names.map((name) => {
      const place = `node_modules/${name}`;
      // npm leaves out what this Node cannot run
      const isLeftOut = name in optionalDependencies && !existsSync(join(ROOT, place));
      const { version, license } = isLeftOut
        ? (lock.packages[place] ?? assert.fail(name))
        : read<{ version: string; license: string }>(`${place}/package.json`);
      return [name, version, license];
    });
    const written = rows("Dependencies");
    assert.deepEqual(written.map((row) => row.slice(0, 3)).sort(), expected.sort());
    assert.deepEqual(
      written.filter(([, , , why = ""]) => why.length < 10),
      [],
    );
  });

  it("says how each family of faults is taken", () => {
    const families = new Set(FAULT_CODES.map((code) => `${code.split("/")[0]}/`));
    const written = rows("Faults").map(([family = ""]) => family.replaceAll("`", ""));
    assert.deepEqual(written.toSorted(), [...families].sort());
  });

  it("names only paths that exist, and has every section that the code refers to", () => {
    const paths = [...DOCUMENT.matchAll(/`((?:src|relay-node|test|config)\/[\w./-]+)`/g)].map(([, path = ""]) => path);
    assert.deepEqual(
      paths.filter((path) => !existsSync(join(ROOT, path))),
      [],
    );
    for (const folder of ["src", "relay-node"]) {
      for (const path of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
        if (!path.endsWith(".ts")) continue;
        const source = readFileSync(join(ROOT, folder, path), "utf8");
        for (const [, title = ""] of source.matchAll(/ARCHITECTURE\.md § ([\w ,]*\w)/g)) section(title);
      }
    }
  });
});
