import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { clockFinding, diskFinding, examinationFindings, nodeFinding } from "../../src/cli/doctor.ts";
import type { GroupName } from "../../src/client/api.ts";
import type { ReachView } from "../../src/client/relay-api.ts";

const NO_GROUPS: readonly GroupName[] = [];
const USE = { own: true, serves: NO_GROUPS, formerly: NO_GROUPS };
const RELAY = {
  address: "/ip4/192.0.2.7/tcp/1",
  state: "connected",
  since: "2026-01-01T00:00:00.000Z",
  ...USE,
} as const;
const PEER = { peerId: "12D3KooW", path: "direct" } as const;
const REACH: ReachView = { listening: [], circuits: ["12D3Relay"], observed: ["192.0.2.9"], own: ["10.0.0.2"] };
const WELL = {
  relays: [RELAY],
  peers: [PEER],
  located: { devices: 1, of: 1 },
  reach: REACH,
  introduced: true,
  caughtUp: true,
  outbox: 0,
  undelivered: 0,
  primitives: "native",
};

const states = (seen: Parameters<typeof examinationFindings>[0]): Record<string, string> =>
  Object.fromEntries(examinationFindings(seen, []).map(({ check, state }) => [check, state]));

describe("The doctor", () => {
  it("finds a Node that is too old", () => {
    assert.deepEqual(
      ["18.20.1", "20.18.9", "20.19.0", "22.0.0", "24.21.0"].map((version) => nodeFinding(version).state),
      ["wrong", "wrong", "fine", "fine", "fine"],
    );
  });

  it("finds a disk that is full, or nearly", () => {
    const mebibytes = [0, 15, 17, 199, 201];
    assert.deepEqual(
      mebibytes.map((free) => diskFinding(free * 1_048_576).state),
      ["wrong", "wrong", "notice", "notice", "fine"],
    );
  });

  it("finds a clock that has lost its date, or that was set back since the profile was written", () => {
    const now = Date.UTC(2026, 6, 1);
    const cases = [
      [now, now],
      [now, now + 119_000],
      [now, now + 3_600_000],
      [Date.UTC(1970, 0, 1), 0],
    ] as const;
    const states = cases.map(([nowMs, fileMs]) => clockFinding(nowMs, fileMs).state);
    assert.deepEqual(states, ["fine", "fine", "wrong", "wrong"]);
  });

  it("finds what waits although a relay is connected, and keys that no relay has", () => {
    const others = {
      peers: "fine",
      reservation: "fine",
      reach: "fine",
      prekeys: "fine",
      messages: "fine",
      outbox: "fine",
    };
    assert.deepEqual(states(WELL), { cryptography: "fine", ...others });
    assert.equal(states({ ...WELL, outbox: 3 })["outbox"], "wrong");
    assert.equal(states({ ...WELL, outbox: 3, undelivered: 2 })["outbox"], "wrong");
    assert.equal(states({ ...WELL, outbox: 3, undelivered: 3 })["outbox"], "notice");
    assert.equal(states({ ...WELL, introduced: false })["prekeys"], "wrong");
    assert.equal(states({ ...WELL, caughtUp: false })["messages"], "notice");
    assert.equal(states({ ...WELL, primitives: "noble" })["cryptography"], "notice");
  });

  it("names the missing relay, and nothing that follows from it", () => {
    const offline = { ...WELL, relays: [], peers: [], outbox: 2, introduced: false, caughtUp: false } as const;
    assert.deepEqual(states(offline), { cryptography: "fine", relay: "notice", peers: "fine", outbox: "fine" });
  });

  it("says of a profile without a relay whom it reaches all the same", () => {
    const nowhere: ReachView = { listening: [], circuits: [], observed: [], own: [] };
    const alone = { ...WELL, relays: [], peers: [], located: { devices: 0, of: 0 }, reach: nowhere };
    const cases = [
      [{ ...alone, peers: [PEER] }, "notice", /while they and you are online/],
      [{ ...alone, located: { devices: 2, of: 3 } }, "notice", /looked for where they were last/],
      [{ ...alone, reach: { ...nowhere, discovers: true } }, "notice", /On the same network/],
      [{ ...alone, reach: { ...nowhere, listening: ["/ip4/0.0.0.0/tcp/1"] } }, "notice", /On the same network/],
      [alone, "wrong", /reaches nobody/],
    ] as const;
    for (const [seen, state, text] of cases) {
      const found = examinationFindings(seen, []).find(({ check }) => check === "relay");
      assert.equal(found?.state, state);
      assert.match(found.text, text);
    }
    const kept = examinationFindings({ ...alone, outbox: 7 }, []).find(({ check }) => check === "outbox");
    assert.deepEqual([kept?.state, /7 envelopes are kept/.test(kept?.text ?? "")], ["fine", true]);
  });

  it("says how many members would be found again without a relay", () => {
    const text = (devices: number, of: number) =>
      examinationFindings({ ...WELL, located: { devices, of } }, []).find(({ check }) => check === "peers")?.text ?? "";
    assert.match(text(2, 5), /Of 5 other devices in your groups 2 have told/);
    assert.match(text(0, 1), /Of the one other device in your groups none has told/);
    assert.match(text(3, 3), /all have told/);
    assert.doesNotMatch(text(0, 0), /told/);
  });

  it("says whether a relay may go away: when members are reached directly, and not only through it", () => {
    const through = { ...PEER, path: "circuit" } as const;
    assert.deepEqual(states({ ...WELL, peers: [through] })["peers"], "notice");
    assert.deepEqual(states({ ...WELL, relays: [] })["relay"], "notice");
    const texts = [[], [through, PEER]].map((peers) => {
      const found = examinationFindings({ ...WELL, peers }, []).find(({ check }) => check === "peers");
      return found?.text.includes("may go away");
    });
    assert.deepEqual(texts, [false, true]);
  });

  it("tells address translation from none, and where nobody from outside gets in", () => {
    const reach = (changed: Partial<ReachView>) => {
      const found = examinationFindings({ ...WELL, reach: { ...WELL.reach, ...changed } }, []);
      return found.flatMap(({ check, state, text }) => (check === "reach" ? [[state, text] as const] : []));
    };
    assert.match(reach({})[0]?.[1] ?? "", /sees you at 192\.0\.2\.9, and this machine is 10\.0\.0\.2: a router/);
    assert.equal(reach({ circuits: [] })[0]?.[0], "notice");
    assert.match(reach({ observed: ["10.0.0.2"] })[0]?.[1] ?? "", /nothing listens here/);
    assert.match(
      reach({ observed: ["10.0.0.2"], listening: ["/ip4/10.0.0.2/tcp/1"] })[0]?.[1] ?? "",
      /members can connect/,
    );
    assert.deepEqual(reach({ observed: [] }), []);
    assert.equal(states({ ...WELL, reach: { ...WELL.reach, circuits: [] } })["reservation"], "notice");
  });

  it("names groups of which no relay answers while others do", () => {
    const bakers = { id: "0a", name: "bakers" };
    const [here, away] = [RELAY, { ...RELAY, state: "unreachable", serves: [bakers] }] as const;
    assert.equal(states({ ...WELL, relays: [here, away] })["group"], "notice");
    assert.equal(states({ ...WELL, relays: [{ ...here, serves: [bakers] }, away] })["group"], undefined);
    assert.equal(states({ ...WELL, relays: [away] })["group"], undefined, "the relay is what is wrong");
  });
});
