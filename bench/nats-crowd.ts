/** Many idle NATS connections in one process. Arguments: the server's port, how many. */
import { connectNats } from "./nats-star.ts";
import { several } from "./star.ts";

const [port = "", count = "0"] = process.argv.slice(2);
await several(Number(count), async (client) => {
  const connection = await connectNats(Number(port));
  connection.subscribe(`idle.${client}`, { callback: () => undefined });
  await connection.flush();
});
process.stdout.write(`up ${count}\n`);
