/**
 * The build of the database's module that this Node can run. Both read and write the same files.
 *
 * 1. Node-API 10 and newer (Node 22.14, 24): version 13, ready-made in its package. It asks for that interface, and Node 20
 *    crashes at a module that does.
 * 2. Older ones: version 12, compiled or fetched at installation. Since its statements are a node::ObjectWrap it must not be
 *    compiled for Node 24.19 or newer, which aborts when such an object is collected outside of a call (nodejs/node#65446).
 * 3. It is loaded when the first database is opened: npm leaves a build out where packages were installed by another Node, or
 *    without optional ones, and whoever starts is told so in a sentence.
 */
import { createRequire } from "node:module";
import type Database from "better-sqlite3-multiple-ciphers";
import { Fault } from "../wire/fault.ts";

/** First version of Node-API that the newer build can be loaded with. */
const NODE_API_LEAST = 10;
/** What Node says of a module that is not there, or was built for another Node. */
const UNLOADABLE = ["MODULE_NOT_FOUND", "ERR_DLOPEN_FAILED"];

const load = createRequire(import.meta.url);
const loaded: { module?: typeof Database } = {};

/** Name of the package that a Node with this version of Node-API (process.versions["napi"]) runs. */
export function sqlitePackage(nodeApi: number): string {
  return nodeApi >= NODE_API_LEAST ? "better-sqlite3-multiple-ciphers-13" : "better-sqlite3-multiple-ciphers";
}

/**
 * Opens a database file. Throws what {@link isSqliteError} knows, `storage/failed` when the database's module does not load,
 * and a `TypeError` when the file's directory is missing.
 */
export function openSqlite(path: string, options: Database.Options = {}): Database.Database {
  const name = sqlitePackage(Number(process.versions["napi"]));
  try {
    loaded.module ??= load(name) as typeof Database;
    return new loaded.module(path, options); // the older build loads its native part only here
  } catch (error) {
    throw isUnloadable(error) ? unloadable(name, error) : error;
  }
}

/** True for what SQLite itself refused; `code` says why. */
export function isSqliteError(error: unknown): error is InstanceType<Database.SqliteError> {
  return loaded.module !== undefined && error instanceof loaded.module.SqliteError;
}

/** `bindings`, by which the older build looks for its native part, names all places where it is not. */
function isUnloadable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "tries" in error || ("code" in error && UNLOADABLE.includes(String(error.code)));
}

function unloadable(name: string, cause: unknown): Fault {
  return new Fault(
    "storage/failed",
    `the package ${name}, which Node ${process.versions.node} needs for databases, is missing or built for another Node, ` +
      "so no profile and no relay's store can be opened; type npm run build in the directory of Hermes, which gets it.",
    { cause },
  );
}
