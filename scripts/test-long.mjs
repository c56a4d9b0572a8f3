/**
 * `npm run test:long [-- NAME…]`: the campaigns that take too long for `npm test`, one after another, all or those that are
 * named. Ends with a line for each and a total; the exit code is 0 only when none failed.
 *
 * A variable that is set already wins over the one in the list: `HERMES_KILL_ROUNDS=100 npm run test:long -- client-kills`.
 */
import { availableParallelism } from "node:os";
import { runMocha } from "./mocha-run.mjs";
import { prepare, runMain, Unprepared } from "./prepare.mjs";

/** To add one: a name, tests, and the variables by which these know that it is a campaign. */
const CAMPAIGNS = [
  { name: "relay-kills", tests: ["test/relay-node/killed-store.test.ts"], env: { HERMES_CAMPAIGN_ROUNDS: "20" } },
  {
    name: "relay-upload-kills",
    tests: ["test/relay-node/killed-upload.test.ts"],
    env: { HERMES_CAMPAIGN_ROUNDS: "20" },
  },
  { name: "relay-power-cuts", tests: ["test/relay-node/power-cut.test.ts"], env: { HERMES_CAMPAIGN_ROUNDS: "20" } },
  { name: "relay-reconnects", tests: ["test/relay-node/reconnects.test.ts"], env: { HERMES_CAMPAIGN_ROUNDS: "20" } },
  {
    name: "frozen-subscriber",
    tests: ["test/relay-node/frozen-subscriber.test.ts"],
    env: { HERMES_CAMPAIGN_ROUNDS: "20" },
  },
  { name: "relay-attacked", tests: ["test/relay-node/attacked-relay.campaign.ts"], env: {} },
  { name: "client-kills", tests: ["test/e2e/client-kills.test.ts"], env: { HERMES_KILL_ROUNDS: "20" } },
  { name: "owner-changes", tests: ["test/e2e/owner-changes.test.ts"], env: { HERMES_OWNER_CHANGES: "40" } },
  { name: "relay-kills-in-chat", tests: ["test/e2e/absence.test.ts"], env: { HERMES_KILL_ROUNDS: "20" } },
  { name: "client-reconnects", tests: ["test/e2e/reconnects.test.ts"], env: { HERMES_RECONNECTS: "1000" } },
  { name: "peer-reconnects", tests: ["test/net/peer-churn.test.ts"], env: { HERMES_RECONNECTS: "1000" } },
  { name: "passphrase-kills", tests: ["test/e2e/passphrase.test.ts"], env: { HERMES_PASSPHRASE_KILLS: "100" } },
  { name: "misbehaving-members", tests: ["test/e2e/misbehaving-members.campaign.ts"], env: {} },
  { name: "membership-conflicts", tests: ["test/e2e/membership-conflicts.campaign.ts"], env: {} },
  { name: "large-files", tests: ["test/e2e/files.test.ts"], env: { HERMES_FILE_MIB: "1024" } },
  { name: "file-kills", tests: ["test/e2e/file-kills.campaign.ts"], env: { HERMES_FILE_KILLS: "20" } },
  { name: "file-routes", tests: ["test/e2e/file-routes.campaign.ts"], env: {} },
  { name: "file-full-relay", tests: ["test/e2e/file-full-relay.campaign.ts"], env: {} },
  { name: "crowd", tests: ["test/e2e/crowd.test.ts"], env: { HERMES_CROWD: "80" } },
];

function chosen(names) {
  const unknown = names.filter((name) => !CAMPAIGNS.some((each) => each.name === name));
  if (unknown.length === 0) return CAMPAIGNS.filter(({ name }) => names.length === 0 || names.includes(name));
  const all = CAMPAIGNS.map(({ name }) => name).join(", ");
  throw new Unprepared(`there is no campaign ${unknown.join(", ")}; there are ${all}`);
}

const spell = (ms) => {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

function outcome({ passed, failed, skipped }) {
  if (failed > 0) return "FAILED";
  return skipped > 0 || passed === 0 ? "skipped in part" : "passed";
}

await runMain(async () => {
  const campaigns = chosen(process.argv.slice(2));
  prepare();
  const lines = [];
  const startedMs = performance.now();
  for (const { name, tests, env } of campaigns) {
    process.stdout.write(
      `\n${name}: ${Object.entries(env)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ")}\n`,
    );
    const beganMs = performance.now();
    const counts = await runMocha(tests, { ...env, ...process.env });
    lines.push({ name, end: outcome(counts), took: spell(performance.now() - beganMs) });
  }
  const failed = lines.filter(({ end }) => end === "FAILED").length;
  process.stdout.write(`\nNode ${process.versions.node}, ${process.platform}, ${availableParallelism()} cores\n`);
  for (const { name, end, took } of lines) process.stdout.write(`${name.padEnd(20)} ${end.padEnd(16)} ${took}\n`);
  const total = spell(performance.now() - startedMs);
  process.stdout.write(`${lines.length} campaigns, ${failed} failed, ${total}\n`);
  return failed === 0 ? 0 : 1;
});
