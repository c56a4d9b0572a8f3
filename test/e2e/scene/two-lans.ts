/**
 * Two LANs and a relay's machine between them, as network namespaces of the Linux kernel: nothing passes from one LAN to the
 * other, and both reach the relay's address. That is stricter than NAT, which lets answers in.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The relay's address, the same from both LANs. */
const RELAY_HOST = "10.81.0.1";
/** LANs are numbered from 1: theirs is 10.81.LAN.0/24. */
const LANS = [1, 2] as const;

export interface TwoLans {
  readonly relayHost: string;
  /** Shell prefix (see Launch) that puts a command onto the relay's machine. */
  readonly relay: string;
  /** The same for machine 1 or 2 of LAN 1 or 2. */
  readonly machine: (lan: 1 | 2, number: 1 | 2) => string;
  /** Takes everything away again. */
  readonly end: () => Promise<void>;
}

/** Builds them; a sentence with the cause where the kernel, or our rights, do not allow it. */
export async function buildTwoLans(): Promise<TwoLans | string> {
  const made: string[] = [];
  const end = async (): Promise<void> => {
    for (const name of made.splice(0).reverse()) await run("ip", ["netns", "del", name]).catch(() => undefined);
  };
  const name = (place: string): string => `hermes-${process.pid}-${place}`;
  const add = async (place: string): Promise<void> => {
    await run("ip", ["netns", "add", name(place)]);
    made.push(name(place));
    await inside(name(place), "link set lo up");
  };
  try {
    await add("relay");
    await inside(name("relay"), `addr add ${RELAY_HOST}/32 dev lo`);
    for (const lan of LANS) await buildLan(lan, { name, add });
  } catch (error) {
    await end();
    return error instanceof Error ? error.message.trim() : String(error);
  }
  return {
    relayHost: RELAY_HOST,
    relay: inNamespace(name("relay")),
    machine: (lan, number) => inNamespace(name(`${lan}${number}`)),
    end,
  };
}

interface Names {
  readonly name: (place: string) => string;
  readonly add: (place: string) => Promise<void>;
}

/** A switch on the relay's machine, and two machines at it. */
async function buildLan(lan: 1 | 2, { name, add }: Names): Promise<void> {
  const relay = name("relay");
  await inside(relay, `link add lan${lan} type bridge`);
  await inside(relay, `addr add 10.81.${lan}.1/24 dev lan${lan}`);
  await inside(relay, `link set lan${lan} up`);
  for (const number of [1, 2]) {
    const machine = `${lan}${number}`;
    await add(machine);
    await inside(relay, `link add port${machine} type veth peer name eth0 netns ${name(machine)}`);
    await inside(relay, `link set port${machine} master lan${lan}`);
    await inside(relay, `link set port${machine} up`);
    await inside(name(machine), `addr add 10.81.${lan}.${number + 1}/24 dev eth0`);
    await inside(name(machine), "link set eth0 up");
    await inside(name(machine), `route add default via 10.81.${lan}.1`);
  }
}

const inside = (namespace: string, command: string) => run("ip", ["-n", namespace, ...command.split(" ")]);

const inNamespace = (namespace: string): string => `set -- ip netns exec ${namespace} "$@";`;
