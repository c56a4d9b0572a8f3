/** `npm start`: prepares the clone, then hands over to `hermes start` with our arguments, terminal and signals. */
import { join } from "node:path";
import { runNode } from "./child.mjs";
import { prepareProgram, ROOT, runMain } from "./prepare.mjs";

await runMain(() => {
  prepareProgram();
  return runNode([join(ROOT, "dist/program/hermes.js"), "start", ...process.argv.slice(2)]);
});
