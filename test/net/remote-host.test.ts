import assert from "node:assert/strict";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, it } from "mocha";
import { relayBetween, remoteHost } from "../../src/net/remote-host.ts";

const hostOf = (address: string): string | undefined => remoteHost({ remoteAddr: multiaddr(address) });

describe("the remote host", () => {
  it("is the IPv4 address, and an IPv6 address's /64", () => {
    assert.equal(hostOf("/ip4/203.0.113.7/tcp/4001"), "203.0.113.7");
    const one = hostOf("/ip6/2001:db8:1:2:aaaa::1/tcp/4001");
    assert.equal(hostOf("/ip6/2001:db8:1:2:bbbb::2/tcp/4001"), one);
    assert.notEqual(hostOf("/ip6/2001:db8:1:3:aaaa::1/tcp/4001"), one);
    assert.equal(hostOf("/ip6/2001:db8::1/tcp/1"), hostOf("/ip6/2001:db8:0:0:5::/tcp/1"));
  });

  it("is nobody's for loopback and circuits", () => {
    for (const address of ["/ip4/127.0.0.1/tcp/1", "/ip4/127.8.8.8/tcp/1", "/ip6/::1/tcp/1"]) {
      assert.equal(hostOf(address), undefined, address);
    }
    const relay = "/ip4/203.0.113.7/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit";
    assert.equal(hostOf(relay), undefined);
  });

  it("is reached through the relay that a circuit names", () => {
    const through = (address: string) => relayBetween({ remoteAddr: multiaddr(address) });
    const relay = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    const direct = `/ip4/203.0.113.7/tcp/1/p2p/${relay}`;
    assert.equal(through(`${direct}/p2p-circuit`), relay);
    assert.equal(through(`${direct}/p2p-circuit/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X`), relay);
    assert.equal(through(direct), undefined);
  });
});
