/** `node scripts/campaign-client-kill.mjs [ROUNDS]`: kills chats at random instants, 20 times unless told otherwise. */
import { runTests } from "./mocha-run.mjs";
import { prepare, runMain } from "./prepare.mjs";

await runMain(() => {
  process.env.HERMES_KILL_ROUNDS = process.argv[2] ?? "20";
  prepare();
  return runTests(["test/e2e/client-kills.test.ts"]);
});
