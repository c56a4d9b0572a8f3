#!/usr/bin/env node
/**
 * What the command `hermes` starts: settles how modules are loaded, then loads the program.
 *
 * 1. With HERMES_DEBUG stacks name our sources. The maps have to be read before a module is loaded, and cost a tenth of a
 *    start.
 * 2. From 22.1 on Node keeps what it compiles: beside the program, where only those may write who could change the program
 *    as well, and never in the temporary directory that all share.
 */
import module from "node:module";
import { fileURLToPath } from "node:url";

/** What Node 20, whose types we compile with, does not know. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
}

if (process.env["HERMES_DEBUG"]) process.setSourceMapsEnabled(true);
(module as CompileCache).enableCompileCache?.(fileURLToPath(new URL("compiled", import.meta.url)));

await import("./main.ts");
