/** Plain sockets around a plain hub: no encryption, no store. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { startScript } from "./child-process.ts";
import { type Arrived, type Star, several } from "./star.ts";
import { framed, onFrames } from "./tcp-frames.ts";

/** See {@link Star}. */
export async function tcpStar(subscribers: number, arrived: Arrived): Promise<Star> {
  const hub = await startScript("./tcp-hub.js", [], /^port /);
  const port = Number(hub.line.slice(5));
  const sockets = await several(subscribers, () => join(port, arrived));
  return {
    name: "TCP",
    relayPid: hub.pid,
    perMessage: subscribers,
    prepare: framed,
    publish: async (messages) => {
      const [sender] = sockets;
      for (const each of messages) if (sender?.write(each) === false) await once(sender, "drain");
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await hub.stop();
    },
  };
}

async function join(port: number, arrived: Arrived): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise<void>((welcome, reject) => {
    socket.on("error", reject);
    onFrames(socket, (frame) => (frame.length === 4 ? welcome() : arrived(frame.subarray(4))));
  });
  return socket;
}
