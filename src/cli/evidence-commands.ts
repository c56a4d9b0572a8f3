/** `hermes doctor --evidence FILE` and `--check-evidence FILE`: what shows that a relay did not tell the truth. */
import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import type { ClientMethods } from "../client/api.ts";
import type { RelayEvidence, StatementCheck } from "../client/relay-api.ts";
import { Fault } from "../wire/fault.ts";
import { type CommandContext, withSession } from "./command.ts";
import { printableLine } from "./render.ts";

/** Bytes of a file with evidence: sixteen statements of two envelopes, in hex and with what stands around it. */
const FILE_MAX_BYTES = 8 * 1_048_576;
/** What the file says it is. */
const FILE_KIND = "relay-evidence";

/** Writes it to a new file. */
export async function saveEvidence(context: CommandContext, path: string): Promise<number> {
  const { statements } = await withSession(context, (session) => session.call("evidence", {}));
  if (statements.length === 0) {
    context.output.result({ statements: 0 }, "No relay has contradicted itself, so there is nothing to save.");
    return 0;
  }
  await writeNew(path, `${JSON.stringify({ hermes: FILE_KIND, version: 1, statements }, null, 2)}\n`);
  const relays = [...new Set(statements.map(({ relay }) => printableLine(relay)))].join(", ");
  const text = `${statements.length} of them saved in ${printableLine(path)}, about ${relays}. Members of the group can check it: hermes doctor --check-evidence FILE`;
  context.output.result({ statements: statements.length, file: path }, text);
  return 0;
}

async function writeNew(path: string, text: string): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  try {
    const file = await open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600);
    await file.writeFile(text).finally(() => file.close());
  } catch (error) {
    const isThere = (error as { readonly code?: unknown }).code === "EEXIST";
    const why = isThere ? "there is a file of that name already" : "the file cannot be written";
    throw new Fault("usage/bad-argument", `${why}, so nothing was saved: name another one`);
  }
}

/** Says what is genuine in it; exit code 1 when something is not, or cannot be judged. */
export async function checkEvidenceFile(context: CommandContext, path: string): Promise<number> {
  const statements = await readStatements(path);
  const { checks } = await withSession(context, (session) => session.call("evidence-check", { statements }));
  for (const check of checks) context.output.result({ check }, renderCheck(check));
  return checks.length > 0 && checks.every(({ verdict }) => verdict === "genuine") ? 0 : 1;
}

async function readStatements(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  const isReadable = text !== undefined && text.length <= FILE_MAX_BYTES;
  const statements = isReadable ? statementsIn(text) : undefined;
  if (statements) return statements;
  throw new Fault(
    "usage/bad-argument",
    "that is no file with evidence about relays, so nothing was checked: hermes doctor --evidence FILE makes one",
  );
}

function statementsIn(text: string): readonly string[] | undefined {
  try {
    const file = JSON.parse(text) as { readonly hermes?: unknown; readonly statements?: unknown };
    if (file.hermes !== FILE_KIND || !Array.isArray(file.statements)) return undefined;
    const found = file.statements.map((each: Partial<RelayEvidence> | null) => each?.statement);
    return found.every((each) => typeof each === "string") ? found : undefined;
  } catch {
    return undefined;
  }
}

const FAULTS: Readonly<Record<RelayEvidence["fault"], string>> = {
  skipped: "never gave what it had acknowledged",
  renumbered: "gave something else than what it had acknowledged",
  "went-back": "went back in its log",
};

function renderCheck(check: StatementCheck): string {
  const { verdict, relay, fault, at, sequence, group, by, messages, entries } = check;
  if (relay === undefined || fault === undefined) return "FORGED   it cannot be read";
  const what = `${printableLine(relay)} ${FAULTS[fault]}, number ${sequence}, ${at}`;
  switch (verdict) {
    case "forged":
      return `FORGED   not what a member said: ${what}`;
    case "unknown":
      return `unknown  there are no keys of that group here: ${what}`;
    case "genuine": {
      const authors = [...messages.map(({ from }) => `a message of ${printableLine(from.name)}`), ...changes(entries)];
      const about = authors.length > 0 ? ` (${authors.join(", ")})` : "";
      return `genuine  ${printableLine(by?.name ?? "")} says, in ${printableLine(group?.name ?? "")}: ${what}${about}`;
    }
  }
}

const changes = (entries: number): readonly string[] => (entries > 0 ? [`${entries} changes of the group`] : []);

/** For people, where a relay has contradicted itself. */
export function untrueText(relays: ClientMethods["examine"][1]["relays"][number]): string | undefined {
  const { contradictions = 0 } = relays;
  if (contradictions === 0) return undefined;
  const times = contradictions === 1 ? "once" : `${contradictions} times`;
  return `it contradicted itself ${times}: it left out or changed what it had acknowledged, or went back. Members who are connected to each other make up for that; use another relay (hermes group relays). hermes doctor --evidence FILE saves what shows it`;
}
