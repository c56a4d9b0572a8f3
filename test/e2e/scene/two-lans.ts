/**
 * Two LANs, each behind a router that translates addresses (NAT), and a network between them with a relay's machine and one
 * that anybody can reach: network namespaces of the Linux kernel, and its packet filter. What is between the routers has no
 * way into a LAN but answers; nothing passes from one LAN to the other.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The network between the routers is 10.81.0.0/24, LAN 1 or 2 is 192.168.LAN.0/24. */
const RELAY_HOST = "10.81.0.1";
const PUBLIC_HOST = "10.81.0.20";
const LANS = [1, 2] as const;

/** What the packet filter of a router does: all connections come from its own address; `pass` has rules that lose packets. */
const NAT_RULES = `table ip hermes {
  chain out { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
  chain pass { type filter hook forward priority 0; }
}`;

export interface TwoLans {
  readonly relayHost: string;
  readonly publicHost: string;
  /** Shell prefix (see Launch) that puts a command onto the relay's machine. */
  readonly relay: string;
  /** The same for the machine that anybody can reach. */
  readonly public: string;
  /** The same for machine 1 or 2 of LAN 1 or 2. */
  readonly machine: (lan: 1 | 2, number: 1 | 2) => string;
  /** Both routers lose so many of 100 packets from now on, either way. */
  readonly lose: (percent: number) => Promise<void>;
  /** Takes everything away again. */
  readonly end: () => Promise<void>;
}

/** Builds them; a sentence with the cause where the kernel, or our rights, do not allow it, or `ip` or `nft` is missing. */
export async function buildTwoLans(): Promise<TwoLans | string> {
  const made: string[] = [];
  const name = (place: string): string => `hermes-${process.pid}-${place}`;
  const add = async (place: string): Promise<void> => {
    await run("ip", ["netns", "add", name(place)]);
    made.push(name(place));
    await inside(name(place), "link set lo up");
  };
  const end = async (): Promise<void> => {
    for (const each of made.splice(0).reverse()) await run("ip", ["netns", "del", each]).catch(() => undefined);
  };
  try {
    await buildMiddle({ name, add });
    for (const lan of LANS) await buildLan(lan, { name, add });
  } catch (error) {
    await end();
    return error instanceof Error ? error.message.trim() : String(error);
  }
  return {
    relayHost: RELAY_HOST,
    publicHost: PUBLIC_HOST,
    relay: inNamespace(name("relay")),
    public: inNamespace(name("public")),
    machine: (lan, number) => inNamespace(name(`${lan}${number}`)),
    lose: async (percent) => {
      const rule = percent > 0 ? `add rule ip hermes pass numgen random mod 100 < ${percent} drop` : "";
      for (const lan of LANS) await filter(name(`router${lan}`), `flush chain ip hermes pass\n${rule}`);
    },
    end,
  };
}

interface Names {
  readonly name: (place: string) => string;
  readonly add: (place: string) => Promise<void>;
}

/** The relay's machine, with the switch of the network between the routers, and the machine that anybody can reach. */
async function buildMiddle({ name, add }: Names): Promise<void> {
  await add("relay");
  await inside(name("relay"), "link add switch type bridge");
  await inside(name("relay"), `addr add ${RELAY_HOST}/24 dev switch`);
  await inside(name("relay"), "link set switch up");
  await add("public");
  await plug(name("relay"), name("public"), `${PUBLIC_HOST}/24`);
}

/** A router with a switch, and two machines at it. */
async function buildLan(lan: 1 | 2, { name, add }: Names): Promise<void> {
  const router = name(`router${lan}`);
  await add(`router${lan}`);
  await plug(name("relay"), router, `10.81.0.${10 + lan}/24`);
  await inside(router, "link add switch type bridge");
  await inside(router, `addr add 192.168.${lan}.1/24 dev switch`);
  await inside(router, "link set switch up");
  await run("ip", ["netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  await filter(router, NAT_RULES);
  for (const number of [1, 2]) {
    const machine = `${lan}${number}`;
    await add(machine);
    await plug(router, name(machine), `192.168.${lan}.${number + 1}/24`);
    await inside(name(machine), `route add default via 192.168.${lan}.1`);
  }
}

/** A cable from the switch of one machine to `eth0` of another, which gets that address. */
async function plug(switching: string, machine: string, address: string): Promise<void> {
  const port = `to${machine.slice(machine.lastIndexOf("-") + 1)}`;
  await inside(switching, `link add ${port} type veth peer name eth0 netns ${machine}`);
  await inside(switching, `link set ${port} master switch`);
  await inside(switching, `link set ${port} up`);
  await inside(machine, `addr add ${address} dev eth0`);
  await inside(machine, "link set eth0 up");
}

const inside = (namespace: string, command: string) => run("ip", ["-n", namespace, ...command.split(" ")]);

/** Rules in the language of `nft`. */
async function filter(namespace: string, rules: string): Promise<void> {
  const script = 'command -v nft >/dev/null || { echo "nft is not installed" >&2; exit 1; }; printf %s "$1" | nft -f -';
  await run("ip", ["netns", "exec", namespace, "sh", "-c", script, "sh", rules]);
}

const inNamespace = (namespace: string): string => `set -- ip netns exec ${namespace} "$@";`;
