import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createNetwork } from "../../src/net/client-network.ts";
import { parseAddress } from "../../src/net/multiaddr-text.ts";
import { isFault } from "../../src/wire/fault.ts";

const PEER = "12D3KooWBZZKie51itNVb644Qq6gJVEiRr9ZUCiZKZa7JPigYjZc";

describe("addresses that others told us", () => {
  for (const text of [`/onion3/x/p2p/${PEER}`, `/certhash/x/p2p/${PEER}`, `/ipcidr/x/p2p/${PEER}`]) {
    it(`${text.split("/")[1]} with nonsense is no address, and not one that throws later`, () => {
      assert.equal(parseAddress(text), undefined);
    });
  }

  for (const text of [
    "/ip4/127.0.0.1/tcp/1",
    `/p2p/${PEER}`,
    `/ip4/127.0.0.1/udp/1/p2p/${PEER}`,
    `/unix/tmp/p2p/${PEER}`,
    "",
  ]) {
    it(`a relay at ${text || "nothing"} is refused in one sentence`, () => {
      assert.throws(
        () => createNetwork().useRelays([text], "peer"),
        (error) => isFault(error, "usage/bad-argument"),
      );
    });
  }

  it("a host, a port and a PeerId make a relay's address", () => {
    for (const host of ["ip4/127.0.0.1", "ip6/::1", "dns4/relay.example", "dns/relay.example"])
      createNetwork().useRelays([`/${host}/tcp/33001/p2p/${PEER}`], "peer");
  });
});
