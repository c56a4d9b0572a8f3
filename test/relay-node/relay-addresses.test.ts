import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { describe, it } from "mocha";
import { bestFirst, interfaceAddresses } from "../../relay-node/relay-addresses.ts";

function one(address: string, family: "IPv4" | "IPv6"): NetworkInterfaceInfo {
  const common = { address, netmask: "", mac: "", internal: address === "127.0.0.1" || address === "::1", cidr: null };
  return family === "IPv4" ? { ...common, family } : { ...common, family, scopeid: 0 };
}

const INTERFACES = {
  lo: [one("127.0.0.1", "IPv4"), one("::1", "IPv6")],
  eth0: [one("203.0.113.7", "IPv4"), one("2001:db8::7", "IPv6"), one("fe80::7", "IPv6")],
};

describe("the relay's addresses", () => {
  it("are those of the machine's interfaces where it listens on all of them", () => {
    assert.deepEqual(interfaceAddresses(["/ip4/0.0.0.0/tcp/33001"], INTERFACES), ["/ip4/203.0.113.7/tcp/33001"]);
    assert.deepEqual(interfaceAddresses(["/ip6/::/tcp/33001"], INTERFACES), ["/ip6/2001:db8::7/tcp/33001"]);
    assert.deepEqual(interfaceAddresses(["/ip4/127.0.0.1/tcp/33001", "/ip4/0.0.0.0/tcp/0"], INTERFACES), []);
  });

  it("are shown with announced ones first and loopback ones last, each once", () => {
    const [loop, lan, dns] = ["/ip4/127.0.0.1/tcp/1/p2p/X", "/ip4/10.0.0.2/tcp/1/p2p/X", "/dns4/r.example/tcp/1/p2p/X"];
    assert.deepEqual(bestFirst([loop, lan, dns, lan], ["/dns4/r.example/tcp/1"]), [dns, lan, loop]);
  });
});
