/** Threads of this folder, from the compiled file beside this module or, under tsx, from their source. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/** Starts the module of that name, without its ending. */
export function startThread(name: string, { workerData, resourceLimits = {} }: WorkerOptions): Worker {
  const options = { workerData, resourceLimits, execArgv: [] };
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL(`${name}.js`, import.meta.url), options);
  const tsx = createRequire(import.meta.url)
    .resolve("tsx/esm/api")
    .replace(/\.cjs$/, ".mjs"); // as in relay-node/store-thread.ts
  const loader = JSON.stringify(pathToFileURL(tsx).href);
  const entry = JSON.stringify(new URL(`${name}.ts`, import.meta.url).href);
  const code = `import(${loader}).then(({ register }) => { register(); return import(${entry}); });`;
  return new Worker(code, { eval: true, ...options });
}
