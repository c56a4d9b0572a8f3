// The relay's long campaign: 20 kills, 20 simulated power cuts (root, Linux), 100 MB past a frozen subscriber, 1,000 connects.
// Arguments: rounds (default 20). Prints mocha's report; exits with its code.
import { spawnSync } from "node:child_process";

const rounds = process.argv[2] ?? "20";
const tests = ["killed-store", "power-cut", "frozen-subscriber", "reconnects"].map(
  (name) => `test/relay-node/${name}.test.ts`,
);
const mocha = ["--import", "tsx", "node_modules/mocha/bin/mocha.js", "--exit", ...tests];
const env = { ...process.env, HERMES_CAMPAIGN_ROUNDS: rounds };
process.exit(spawnSync(process.execPath, mocha, { stdio: "inherit", env }).status ?? 1);
