/**
 * `npm run bench [-- --json] [-- NAME…]`: measures, each line beside a peer in the same run, and prints one table.
 * Writes nothing into the tree; what it needs on disk lies in the system's temporary directory and goes with it.
 */
import { parseArgs } from "node:util";
import { APPENDS } from "./appends.ts";
import { CATCH_UP } from "./catch-up.ts";
import { CLIENTS } from "./clients.ts";
import { FAN_OUT } from "./fan-out.ts";
import { FILES } from "./files.ts";
import { IDLE_CLIENT } from "./idle-client.ts";
import { LAN } from "./lan.ts";
import { MEMBERSHIP } from "./membership.ts";
import { PAIRWISE } from "./pairwise.ts";
import { PEER_CATCH_UP } from "./peer-catch-up.ts";
import { hasPeers, INSTALL_PEERS } from "./peers.ts";
import { RELAY_RETURN } from "./relay-return.ts";
import type { Benchmark, Extent, Row } from "./row.ts";
import { isMet } from "./row.ts";
import { SCREEN } from "./screen.ts";
import { SENDER_KEYS } from "./sender-keys.ts";
import { STEPS } from "./steps.ts";
import { heading, rowText } from "./table.ts";

const BENCHMARKS: readonly Benchmark[] = [
  SENDER_KEYS,
  PAIRWISE,
  FAN_OUT,
  APPENDS,
  CLIENTS,
  STEPS,
  MEMBERSHIP,
  CATCH_UP,
  PEER_CATCH_UP,
  RELAY_RETURN,
  LAN,
  IDLE_CLIENT,
  FILES,
  SCREEN,
];

const HELP = `npm run bench [-- OPTIONS] [-- NAME…]

  --json          one JSON object a line instead of the table
  --large         also what takes minutes: 1,000,000 records, 2,000 clients, the large profile
  --max-size N    leave out sizes above N (subscribers, clients, members, records)

Names: ${BENCHMARKS.map(({ name, about }) => `\n  ${name.padEnd(15)} ${about}`).join("")}

The peers are installed once by: ${INSTALL_PEERS}
NATS is measured when a nats-server is on the path (Debian: apt-get install nats-server), magic-wormhole likewise.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      large: { type: "boolean" },
      help: { type: "boolean" },
      "max-size": { type: "string" },
    },
  });
  const unknown = positionals.filter((name) => !BENCHMARKS.some((each) => each.name === name));
  if (values.help || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `no benchmark named ${unknown.join(", ")}\n\n${HELP}` : HELP);
    return unknown.length > 0 ? 2 : 0;
  }
  if (!hasPeers()) {
    process.stderr.write(`the packages to compare with are not installed; type:\n\n    ${INSTALL_PEERS}\n`);
    return 1;
  }
  const extent = { isLarge: values.large ?? false, maxSize: Number(values["max-size"] ?? Number.POSITIVE_INFINITY) };
  const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  await runAll(chosen, extent, values.json ?? false);
  return 0;
}

async function runAll(chosen: readonly Benchmark[], extent: Extent, asJson: boolean): Promise<void> {
  if (!asJson) process.stdout.write(`${heading()}\n`);
  const tell = (row: Row): void => {
    const json = (): string => JSON.stringify({ ...row, met: isMet(row) });
    process.stdout.write(`${asJson ? json() : rowText(row)}\n`);
  };
  for (const { name, run } of chosen) {
    try {
      await run(extent, tell);
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
  }
}

process.exit((await main()) || process.exitCode);
