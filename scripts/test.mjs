/** `npm test [-- PATH… | MOCHA OPTIONS…]`: prepares the clone, then runs all tests, or those that are named. */
import { runTests } from "./mocha-run.mjs";
import { prepare, runMain } from "./prepare.mjs";

await runMain(() => {
  prepare();
  return runTests(process.argv.slice(2));
});
