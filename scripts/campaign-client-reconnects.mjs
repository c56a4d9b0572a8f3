/** `node scripts/campaign-client-reconnects.mjs [CUTS]`: cuts the connection of one client, 1,000 times unless told otherwise. */
import { runTests } from "./mocha-run.mjs";
import { prepare, runMain } from "./prepare.mjs";

await runMain(() => {
  process.env.HERMES_RECONNECTS = process.argv[2] ?? "1000";
  prepare();
  return runTests(["test/e2e/reconnects.test.ts"]);
});
