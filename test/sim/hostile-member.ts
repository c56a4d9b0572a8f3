/**
 * A member that does what it wants. It has the real client's keys and state, and beside what that client does it
 * signs and posts things of its own: forged, doubled, stale, endless.
 */
import { confirmation, HeaderKey, rootSecret } from "../../src/crypto/epoch-secrets.ts";
import { sealGroupMessage } from "../../src/crypto/group-message.ts";
import { nextMessageKey } from "../../src/crypto/sender-chain.ts";
import { hashOfEntry } from "../../src/protocol/membership-log.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { OWN_CHAIN } from "../../src/protocol/records/epoch.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { decode } from "../../src/wire/encoding.ts";
import { type Action, ROLE } from "../../src/wire/entry.ts";
import { decodeEnvelope, ENVELOPE_KIND, type EnvelopeKind, isDeposit } from "../../src/wire/envelope.ts";
import { DeviceKey, Nonce, type TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { isActive } from "./acts.ts";
import { copyOf, type MemoryProfile } from "./memory-profile.ts";
import { append, entry, type Insight, insightOf, post, runSteps, type Villain } from "./villain.ts";

export interface HostileMember {
  /** One misdeed, chosen by the dice (from 0 up to 1). */
  readonly act: (dice: number) => Promise<void>;
  readonly done: () => number;
}

type Misdeed = (villain: Villain, insight: Insight) => void | Promise<void>;

/** Everything that it does; one more is one more row. */
const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  "an entry in somebody else's name": (v, i) => post(v, i, entry(v, i, { action: adding(v), author: othersDevice(v) })),
  "an add that nobody signed": (v, i) =>
    post(v, i, entry(v, i, { action: adding(v), author: othersDevice(v), unsigned: true })),
  "an add without the right to": (v, i) => post(v, i, entry(v, i, { action: adding(v) })),
  "a removal, with the right to or without": (v, i) => post(v, i, entry(v, i, { action: removing(v) })),
  "a removal in somebody else's name": (v, i) =>
    post(v, i, entry(v, i, { action: removing(v), author: othersDevice(v) })),
  "a rank for itself": (v, i) =>
    post(v, i, entry(v, i, { action: { kind: "role", account: i.account.account, role: v.random.pick([1, 2]) } })),
  "two entries under one number": (v, i) => {
    post(v, i, entry(v, i, { action: { kind: "rekey" } }), 0);
    post(v, i, entry(v, i, { action: { kind: "rekey" } }), 1);
  },
  "two messages under one number": twoMessages,
  "a re-key that it keeps to itself": (v, i) => rekeyForNobody(v, i, "posted"),
  "a re-key that only some hear of": (v, i) => rekeyForNobody(v, i, "posted nowhere"),
  "a re-key with two secrets": rekeyWithTwo,
  "a burst of entries": (v, i) => {
    for (let n = 0; n < 5; n++) post(v, i, entry(v, i, { action: { kind: "rekey" } }), n);
  },
  "nonsense under the topic's signature": (v, i) => {
    for (const kind of [ENVELOPE_KIND.message, ENVELOPE_KIND.entry])
      append(v, signEnvelope(v.world.primitives, i.epoch, kind, v.random.bytes(1 + v.random.below(400))));
  },
  "old envelopes again, in the newest epoch": replay,
  "mail for everybody that opens nowhere": (v) => {
    for (const envelope of v.world.relays
      .flatMap((each) => each.everything())
      .filter(isDeposit)
      .slice(-3)) {
      const changed = Uint8Array.from(envelope);
      changed[60] = (changed[60] ?? 0) ^ 1;
      append(v, changed);
    }
  },
};

export function hostileMember(villain: Villain): HostileMember {
  const names = Object.keys(MISDEEDS);
  let past: MemoryProfile | undefined;
  let count = 0;
  return {
    act: async (dice) => {
      const { device, group, random } = villain;
      if (!isActive(device, group)) return;
      past ??= copyOf(device.profile());
      const isBackdated = random.happens(0.2);
      const insight = insightOf(isBackdated ? past : device.profile(), group);
      const misdeed = MISDEEDS[names[Math.floor(dice * names.length)] ?? ""];
      if (!insight || !misdeed) return;
      count++;
      await misdeed(villain, insight);
    },
    done: () => count,
  };
}

/** An add of somebody who waits outside; else of somebody who is in. */
function adding({ world, group, random }: Villain): Extract<Action, { kind: "add" }> {
  const outside = world.devices.filter((each) => !isActive(each, group));
  const state = random.pick(outside.length > 0 ? outside : world.devices).record(ACCOUNT);
  if (!state) throw new Error("a device without an account");
  const { account, device, certificate } = state;
  const devices = [{ device, certificate }];
  return { kind: "add", members: [{ account, role: ROLE.member, name: "Mallory", devices, proof: undefined }] };
}

/** Somebody else goes: also whoever removed the villain, since the entry may be backdated. */
function removing({ world, device, random }: Villain): Extract<Action, { kind: "remove" }> {
  const others = world.devices.filter((each) => each.name !== device.name);
  return { kind: "remove", accounts: [random.pick(others).keys.account] };
}

/** Mostly the founder's, who has every right. */
function othersDevice({ world, device, random }: Villain): DeviceKey {
  const others = world.devices.filter((each) => each.name !== device.name);
  return (
    (random.happens(0.6) ? world.devices[0] : random.pick(others))?.keys.device ?? DeviceKey.from(random.bytes(32))
  );
}

function twoMessages(villain: Villain, { account, epoch, log }: Insight): void {
  const { world, random, device } = villain;
  const p = world.primitives;
  const own = device.record(OWN_CHAIN, toHex(epoch.epoch));
  if (!own) return;
  const { messageKey, iteration } = nextMessageKey(p, own.chain);
  for (const [n, text] of ["Mallory says yes", "Mallory says no"].entries()) {
    const nonces = { header: Nonce.from(random.bytes(24)), message: Nonce.from(random.bytes(24)) };
    const place = { group: log.group, epochId: epoch.epoch, device: account.device, iteration };
    const sealing = { ...place, headerKey: HeaderKey.from(epoch.headerKey), index: epoch.ownIndex };
    const { body } = sealGroupMessage(
      p,
      { ...sealing, deviceSeed: account.deviceSeed, messageKey, nonces },
      {
        version: 1,
        frontier: [],
        depth: 1,
        closures: [],
        sentAt: world.clock.nowMs() as TimeMs,
        content: { kind: "text", text },
      },
    );
    append(villain, signEnvelope(p, epoch, ENVELOPE_KIND.message, body), n);
  }
}

/** A re-key whose letters are thrown away: some of the others get it, or nobody. Its entry may be told by letters alone. */
async function rekeyForNobody(
  { world, device, random }: Villain,
  { state }: Insight,
  entry: "posted" | "posted nowhere",
): Promise<void> {
  device.crash();
  await world.during(
    device.take({ kind: "change-group", group: state.group, change: { kind: "rekey" } }).catch(() => undefined),
  );
  const { records } = device.profile();
  for (const [key, value] of records) {
    const row = key.startsWith(OUTBOX.prefix) ? decode(OUTBOX.codec, value) : undefined;
    const isThrown = row && (isDeposit(row.envelope) ? random.happens(0.7) : entry === "posted nowhere");
    if (isThrown) records.delete(key);
  }
  await world.during(device.start());
}

/** Everybody gets a secret, but only some the one that the entry confirms. */
async function rekeyWithTwo(villain: Villain, insight: Insight): Promise<void> {
  const { world, device, random } = villain;
  const p = world.primitives;
  const [right, wrong] = [random.bytes(32), random.bytes(32)];
  const signed = entry(villain, insight, {
    action: { kind: "rekey" },
    confirm: (core) => confirmation(p, rootSecret(p, right, core), core),
  });
  const hash = hashOfEntry(p, signed);
  if (!hash) return;
  post(villain, insight, signed);
  device.crash();
  const { group } = insight.log;
  // what it tells outsiders it could tell them in any other way, too
  const members = villain.members();
  for (const { keys } of world.devices)
    if (members.has(toHex(keys.device)))
      runSteps(villain, (work) =>
        tell(work, keys, [{ kind: "secret", group, entry: hash, secret: random.happens(0.5) ? right : wrong, signed }]),
      );
  await world.during(device.start());
}

function replay(villain: Villain, { epoch }: Insight): void {
  const { world, random } = villain;
  const all = world.relays.flatMap((each) => each.everything());
  for (let n = 0; n < 4 && all.length > 0; n++) {
    const old = random.pick(all);
    const decoded = decodeEnvelope(old);
    append(villain, old);
    if (!decoded || decoded.kind === ENVELOPE_KIND.deposit || decoded.kind === ENVELOPE_KIND.rendezvous) continue;
    append(villain, signEnvelope(world.primitives, epoch, decoded.kind as EnvelopeKind, decoded.body));
  }
}
