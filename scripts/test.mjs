/** `npm test [-- PATH… | MOCHA OPTIONS…]`: prepares the clone, then runs all tests, or those that are named. */
import { installChromium } from "./chromium.mjs";
import { runTests } from "./mocha-run.mjs";
import { prepare, runMain } from "./prepare.mjs";

await runMain(() => {
  const args = process.argv.slice(2);
  prepare();
  if (args.length === 0 || args.some((arg) => arg.includes("gui")))
    installChromium((sentence) => process.stderr.write(`hermes: ${sentence}\n`));
  return runTests(args);
});
