/** `npm start`: prepares the clone, then hands over to `hermes start` with our arguments, terminal and signals. */
import { join } from "node:path";
import { runNode } from "./child.mjs";
import { prepare, ROOT, runMain } from "./prepare.mjs";

await runMain(() => {
  prepare("config/tsconfig.app.json");
  const main = join(ROOT, "dist/src/cli/main.js");
  return runNode(["--enable-source-maps", main, "start", ...process.argv.slice(2)]);
});
