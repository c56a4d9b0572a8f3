/** The gossipsub node in the middle, as a process. Argument: how many clients it expects. */
import { gossipNode } from "./gossip-node.ts";

const { node } = await gossipNode(["/ip4/127.0.0.1/tcp/0"], Number(process.argv[2]));
process.stdout.write(`address ${node.getMultiaddrs()[0]?.toString()}\n`);
