/**
 * The build of the database's module that this Node can run. Both read and write the same files.
 *
 * 1. Node-API 10 and newer (Node 22.14, 24): version 13, ready-made in its package. It asks for that interface, and Node 20
 *    crashes at a module that does.
 * 2. Older ones: version 12, compiled or fetched at installation. Since its statements are a node::ObjectWrap it must not be
 *    compiled for Node 24.19 or newer, which aborts when such an object is collected outside of a call (nodejs/node#65446).
 */
import { createRequire } from "node:module";
import type Database from "better-sqlite3-multiple-ciphers";

/** First version of Node-API that the newer build can be loaded with. */
const NODE_API_LEAST = 10;

/** Name of the package that a Node with this version of Node-API (process.versions["napi"]) runs. */
export function sqlitePackage(nodeApi: number): string {
  return nodeApi >= NODE_API_LEAST ? "better-sqlite3-multiple-ciphers-13" : "better-sqlite3-multiple-ciphers";
}

/** Opens a database file: `new SqliteDatabase(path, options)`. What it throws is a `SqliteDatabase.SqliteError`. */
export const SqliteDatabase = createRequire(import.meta.url)(
  sqlitePackage(Number(process.versions["napi"])),
) as typeof Database;
