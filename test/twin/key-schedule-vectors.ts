/** The vectors as the slow twin computes them. `write-vectors.ts` stores them; a test compares. */
import { type EntryVector, type EpochVector, INPUT, type KeyScheduleVectors } from "./key-schedule-scenario.ts";
import * as twin from "./key-schedule-twin.ts";

const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
const buf = (value: Uint8Array): Buffer => Buffer.from(value);

interface TwinEntry {
  core: Buffer;
  S: Buffer;
  h: Buffer;
}

function entryOf(core: Buffer, S: Buffer): TwinEntry {
  return { core, S, h: twin.h(core, twin.conf(S, core)) };
}

function entryVector({ core, S, h }: TwinEntry): EntryVector {
  return { core: hex(core), x: hex(twin.x(core)), confirmation: hex(twin.conf(S, core)), hash: hex(h) };
}

function epochVector(S: Buffer, phi: Buffer): EpochVector {
  const e = twin.fromS(S, phi);
  return {
    phi: hex(phi),
    secret: hex(S),
    epochId: hex(e.eid),
    topicSeed: hex(e.topicSeed),
    topic: hex(e.topic),
    headerKey: hex(e.hk),
    logKey: hex(e.lk),
    senderRoot: hex(e.senderRoot),
    forkRoot: hex(e.fork),
  };
}

/** Everything in test/vectors/key-schedule.json. */
export function keyScheduleVectors(): KeyScheduleVectors {
  const createCore = buf(INPUT.createCore);
  const create = entryOf(createCore, twin.rootS(buf(INPUT.createRandom), createCore));
  const group = create.h;
  const phiCreate = twin.phi(group, [create.h]);
  const first = twin.fromS(create.S, phiCreate);

  const adds = INPUT.addCores.map((core) => entryOf(buf(core), twin.derivedS(first.fork, buf(core))));
  const rekeyCore = buf(INPUT.rekeyCore);
  const rekey = entryOf(rekeyCore, twin.rootS(buf(INPUT.rekeyRandom), rekeyCore));

  const single = [...adds, rekey].map((each) => ({ entry: each, phi: twin.phi(group, [each.h]) }));
  const heads = single.map(({ entry, phi }) => ({ h: entry.h, fork: twin.fromS(entry.S, phi).fork }));
  const phiMerged = twin.phi(
    group,
    heads.map((head) => head.h),
  );

  const device = twin.publicKeyOf(INPUT.deviceSeed);
  const firstChainKey = twin.ck0(first, INPUT.index, device);
  const common = {
    group,
    epoch: first,
    deviceSeed: buf(INPUT.deviceSeed),
    j: INPUT.index,
    frontier: INPUT.frontier.map(buf),
    depth: INPUT.depth,
    closures: INPUT.closures.map((each) => ({ epoch: buf(each.epoch), sent: each.sent })),
    sentAt: INPUT.sentAt,
  };
  const messages = INPUT.messages.map((m) => ({
    ...m,
    sealed: twin.message({ ...common, i: m.iteration, text: m.text, N1: buf(m.headerNonce), N: buf(m.nonce) }),
  }));
  const bursts = INPUT.burstCounts.map((count) =>
    twin.burst(
      Array.from({ length: count }, (_, position) => {
        const { headerNonce, nonce } = INPUT.burstNonces(position);
        const i = INPUT.burstFirst + position;
        return { ...common, i, text: INPUT.burstText(position), N1: buf(headerNonce), N: buf(nonce) };
      }),
    ),
  );
  const carried = twin.envelope(first, 1, messages[1]?.sealed.body ?? Buffer.alloc(0));

  return {
    create: { ...entryVector(create), random: hex(INPUT.createRandom), epoch: epochVector(create.S, phiCreate) },
    adds: adds.map((each) => ({
      ...entryVector(each),
      point: twin.pt(twin.x(each.core)),
      epoch: epochVector(each.S, twin.phi(group, [each.h])),
    })),
    rekey: {
      ...entryVector(rekey),
      random: hex(INPUT.rekeyRandom),
      epoch: epochVector(rekey.S, twin.phi(group, [rekey.h])),
    },
    merged: {
      contributions: heads.map((head) => hex(twin.c(head.fork, phiMerged))),
      epoch: epochVector(twin.mergedS(heads, phiMerged), phiMerged),
    },
    punctured: {
      senders: twin.heldNodes(
        first.senderRoot,
        32,
        INPUT.puncturedIndexes.map((j) => twin.bitsOf(twin.u32(j))),
      ),
      fork: twin.heldNodes(first.fork, 128, [twin.pt(twin.x(buf(INPUT.addCores[0])))]),
    },
    chain: {
      device: hex(device),
      index: INPUT.index,
      chainKey: hex(firstChainKey),
      messageKeys: INPUT.chainIterations.map((i) => ({
        iteration: i,
        key: hex(twin.messageKeyAt(firstChainKey, i)),
      })),
    },
    messages: messages.map(({ iteration, text, sealed }) => ({
      iteration,
      text,
      body: hex(sealed.body),
      id: hex(sealed.id),
    })),
    bursts: bursts.map((each) => ({
      first: INPUT.burstFirst,
      messages: each.map(({ body, id }) => ({ body: hex(body), id: hex(id) })),
    })),
    entryBody: hex(twin.entryBody(first, buf(INPUT.entryNonce), buf(INPUT.entry))),
    envelope: { encoded: hex(carried.encoded), id: hex(carried.id) },
    openProofs: [false, true].map((inbox) => ({
      inbox,
      signature: hex(
        twin.openProof(first, [INPUT.challenge, INPUT.holderPeerId, INPUT.openerPeerId].map(buf), inbox ? 1 : 0),
      ),
    })),
    padding: INPUT.paddingLengths.map((length) => ({ length, total: twin.padded(length) })),
  };
}
