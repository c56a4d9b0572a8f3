/** Takes the lock of a profile, serves a socket whose calls never end, and waits. Argument: profile directory. */

import { serveLocalSocket } from "../../../src/store/local-socket.ts";
import { acquireProfileLock } from "../../../src/store/profile-lock.ts";

const lock = await acquireProfileLock(process.argv[2] ?? "");
if (lock.kind === "owned") {
  process.stdout.write(`owned ${lock.socketPath}\n`);
} else {
  const socket = await serveLocalSocket(({ params }, emit) => {
    emit(params);
    return new Promise(() => undefined);
  });
  await lock.announceSocket(socket.path);
  process.stdout.write(`owner ${socket.path}\n`);
}
