/** The thread that copies pages of a profile's write-ahead log to its database whenever it is asked to. */
import { parentPort, workerData } from "node:worker_threads";
import { openProfileDatabase, type ProfileLocation } from "./profile-database.ts";

const location = workerData as ProfileLocation;
const database = openProfileDatabase(location);
location.dataKey.fill(0);

parentPort?.on("message", () => {
  database.pragma("wal_checkpoint(PASSIVE)"); // waits for nobody, and nobody waits for it
  parentPort?.postMessage("copied");
});
