/** Takes the lock of a profile, serves a socket whose calls never end, and waits. Argument: profile directory. */

import { type LocalHandler, serveLocalSocket } from "../../../src/store/local-socket.ts";
import { acquireProfileLock } from "../../../src/store/profile-lock.ts";

const lock = await acquireProfileLock(process.argv[2] ?? "");
if (lock.kind === "owned") {
  process.stdout.write(`owned ${lock.socketPath}\n`);
} else {
  const serve: LocalHandler = ({ params }, { emit }) => {
    emit(params);
    return new Promise(() => undefined);
  };
  const socket = await serveLocalSocket(serve, { XDG_RUNTIME_DIR: process.argv[2] });
  await lock.announceSocket(socket.path);
  process.stdout.write(`owner ${socket.path}\n`);
}
