import fc from "fast-check";
import { type AccountItem, AccountSnapshot, SealedAccountSnapshot } from "../../src/wire/account-snapshot.ts";
import { ENVELOPE_KIND, Envelope, type EnvelopeKind } from "../../src/wire/envelope.ts";
import {
  AccountKey,
  DeviceKey,
  DirectoryKey,
  EnvelopeId,
  GroupId,
  LogId,
  Nonce,
  Signature,
  SlotKey,
  Topic,
} from "../../src/wire/ids.ts";
import { DirectoryRecord, PrekeyAnswer, PrekeyRequest, TakenPrekeys } from "../../src/wire/prekey-frames.ts";
import { AppendResult, ClientFrame, HolderFrame, RangeAnswer, REFUSAL } from "../../src/wire/topic-frames.ts";
import { anyText, anyU32, anyU64, brandedBytes, bytesOf, countU32, record } from "./arbitraries.ts";
import { formatProperties } from "./format-properties.ts";

const few = { maxLength: 3 };
const some = { minLength: 1, maxLength: 3 };
const topic = brandedBytes(Topic);
const signature = brandedBytes(Signature);
const log = brandedBytes(LogId);
const sequence = anyU64<"sequence">();
const reason = fc.constantFrom(...Object.values(REFUSAL));
const envelopeBytes = bytesOf(200, 1);
const id = anyU32;

const anyEnvelope = record<Envelope>({
  version: fc.constant(1),
  topic,
  kind: fc.constantFrom<EnvelopeKind>(...Object.values(ENVELOPE_KIND)),
  body: bytesOf(400),
  signature,
});

const anyAppendResult = fc.oneof(
  record<AppendResult & { kind: "stored" }>({ kind: fc.constant("stored"), sequence, duplicate: fc.boolean() }),
  record<AppendResult & { kind: "refused" }>({ kind: fc.constant("refused"), reason }),
);

type ClientFrameOf<K extends ClientFrame["kind"]> = ClientFrame & { readonly kind: K };
const proof = record({ topic, inbox: fc.boolean(), signature });
const cursor = record({ topic, log, after: sequence });
const hiddenProof = record({ name: bytesOf(32, 32), signature });
const envelopeIds = fc.array(brandedBytes(EnvelopeId), few);
const range = record({
  prefix: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), maxLength: 64 }),
  fingerprint: bytesOf(16, 16),
});
const anyClientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  record<ClientFrameOf<"open">>({
    kind: fc.constant("open"),
    id,
    access: anyText(256),
    resume: bytesOf(64),
    proofs: fc.array(proof, few),
  }),
  record<ClientFrameOf<"append">>({ kind: fc.constant("append"), id, envelopes: fc.array(envelopeBytes, some) }),
  record<ClientFrameOf<"subscribe">>({ kind: fc.constant("subscribe"), id, cursors: fc.array(cursor, some) }),
  record<ClientFrameOf<"unsubscribe">>({ kind: fc.constant("unsubscribe"), id, topics: fc.array(topic, some) }),
  record<ClientFrameOf<"trim">>({ kind: fc.constant("trim"), id, topic, upTo: sequence }),
  record<ClientFrameOf<"ping">>({ kind: fc.constant("ping"), id }),
  record<ClientFrameOf<"compare">>({ kind: fc.constant("compare"), id, topic, ranges: fc.array(range, some) }),
  record<ClientFrameOf<"get">>({
    kind: fc.constant("get"),
    id,
    topic,
    ids: fc.array(brandedBytes(EnvelopeId), some),
  }),
  record<ClientFrameOf<"meet">>({
    kind: fc.constant("meet"),
    id,
    nonce: bytesOf(32, 32),
    proofs: fc.array(hiddenProof, few),
  }),
);

const anyRangeAnswer: fc.Arbitrary<RangeAnswer> = fc.oneof(
  record<RangeAnswer & { kind: "same" }>({ kind: fc.constant("same") }),
  record<RangeAnswer & { kind: "ids" }>({ kind: fc.constant("ids"), ids: envelopeIds }),
  record<RangeAnswer & { kind: "split" }>({ kind: fc.constant("split"), children: bytesOf(256, 256) }),
);

type HolderFrameOf<K extends HolderFrame["kind"]> = HolderFrame & { readonly kind: K };
const numbered = record({ sequence, envelope: envelopeBytes });
const anyHolderFrame: fc.Arbitrary<HolderFrame> = fc.oneof(
  record<HolderFrameOf<"challenge">>({ kind: fc.constant("challenge"), log, nonce: bytesOf(32, 32) }),
  record<HolderFrameOf<"opened">>({
    kind: fc.constant("opened"),
    id,
    refused: fc.array(topic, few),
    resume: bytesOf(64),
  }),
  record<HolderFrameOf<"appended">>({ kind: fc.constant("appended"), id, results: fc.array(anyAppendResult, few) }),
  record<HolderFrameOf<"done">>({ kind: fc.constant("done"), id }),
  record<HolderFrameOf<"deliver">>({
    kind: fc.constant("deliver"),
    topic,
    after: sequence,
    items: fc.array(numbered, some),
  }),
  record<HolderFrameOf<"caughtUp">>({ kind: fc.constant("caughtUp"), topic, sequence }),
  record<HolderFrameOf<"truncated">>({ kind: fc.constant("truncated"), topic, before: sequence }),
  record<HolderFrameOf<"pong">>({ kind: fc.constant("pong"), id }),
  record<HolderFrameOf<"compared">>({
    kind: fc.constant("compared"),
    id,
    head: sequence,
    answers: fc.array(anyRangeAnswer, few),
  }),
  record<HolderFrameOf<"got">>({ kind: fc.constant("got"), id, envelopes: fc.array(envelopeBytes, few) }),
  record<HolderFrameOf<"live">>({ kind: fc.constant("live"), topic, body: bytesOf(300, 1) }),
  record<HolderFrameOf<"kept">>({ kind: fc.constant("kept"), topic, ids: fc.array(brandedBytes(EnvelopeId), some) }),
  record<HolderFrameOf<"newest">>({ kind: fc.constant("newest"), topic, envelopes: fc.array(envelopeBytes, some) }),
  record<HolderFrameOf<"met">>({ kind: fc.constant("met"), id, proofs: fc.array(hiddenProof, few) }),
  record<HolderFrameOf<"refused">>({
    kind: fc.constant("refused"),
    id,
    reason,
    retryAfterMs: anyU32,
    detail: anyText(256),
  }),
);

const sealed = bytesOf(300, 1);
const directoryKey = brandedBytes(DirectoryKey);
const slot = brandedBytes(SlotKey);
const oneTime = record({ id: countU32<"prekey-id">(), sealed });
const anyRecord = record<DirectoryRecord>({
  version: fc.constant(1),
  directoryKey,
  slot,
  publishedAt: anyU64<"time-ms">(),
  bundle: sealed,
  oneTime: fc.array(oneTime, few),
});
const anyTaken = record<TakenPrekeys>({ slot, bundle: sealed, oneTime: fc.option(oneTime, { nil: undefined }) });

type RequestOf<K extends PrekeyRequest["kind"]> = PrekeyRequest & { readonly kind: K };
const anyPrekeyRequest: fc.Arbitrary<PrekeyRequest> = fc.oneof(
  record<RequestOf<"publish">>({ kind: fc.constant("publish"), record: anyRecord, signature }),
  record<RequestOf<"take">>({ kind: fc.constant("take"), directoryKey }),
  record<RequestOf<"count">>({ kind: fc.constant("count"), directoryKey, slot }),
);

type AnswerOf<K extends PrekeyAnswer["kind"]> = PrekeyAnswer & { readonly kind: K };
const anyPrekeyAnswer: fc.Arbitrary<PrekeyAnswer> = fc.oneof(
  record<AnswerOf<"published">>({ kind: fc.constant("published"), left: anyU32 }),
  record<AnswerOf<"taken">>({ kind: fc.constant("taken"), devices: fc.array(anyTaken, few) }),
  record<AnswerOf<"counted">>({ kind: fc.constant("counted"), left: anyU32 }),
  record<AnswerOf<"refused">>({ kind: fc.constant("refused"), reason }),
);

const account = brandedBytes(AccountKey);
const anyName = anyText(128);
const addresses = fc.array(anyText(512), few);
const anyItem = record<AccountItem>({
  counter: anyU64(),
  value: fc.oneof(
    record({ kind: fc.constant("settings" as const), name: anyName, relays: addresses }),
    record({
      kind: fc.constant("device" as const),
      device: brandedBytes(DeviceKey),
      since: anyU64<"time-ms">(),
      unlinked: fc.boolean(),
    }),
    record({
      kind: fc.constant("group" as const),
      group: brandedBytes(GroupId),
      name: anyName,
      relays: addresses,
      contacts: fc.array(account, few),
      left: fc.boolean(),
    }),
    record({ kind: fc.constant("verified" as const), account, name: anyName, isVerified: fc.boolean() }),
  ),
});
const anyU16 = fc.nat(0xffff);
const anySnapshot = record<AccountSnapshot>({
  version: fc.constant(1),
  device: brandedBytes(DeviceKey),
  revision: anyU64(),
  part: anyU16,
  parts: anyU16,
  items: fc.array(anyItem, few),
});
const anySealedSnapshot = record<SealedAccountSnapshot>({
  version: fc.constant(1),
  nonce: brandedBytes(Nonce),
  commitment: bytesOf(32, 32),
  ciphertext: bytesOf(300, 16),
});

formatProperties("AccountSnapshot", AccountSnapshot, anySnapshot);
formatProperties("SealedAccountSnapshot", SealedAccountSnapshot, anySealedSnapshot);
formatProperties("Envelope", Envelope, anyEnvelope);
formatProperties("AppendResult", AppendResult, anyAppendResult);
formatProperties("RangeAnswer", RangeAnswer, anyRangeAnswer);
formatProperties("ClientFrame", ClientFrame, anyClientFrame);
formatProperties("HolderFrame", HolderFrame, anyHolderFrame);
formatProperties("DirectoryRecord", DirectoryRecord, anyRecord);
formatProperties("TakenPrekeys", TakenPrekeys, anyTaken);
formatProperties("PrekeyRequest", PrekeyRequest, anyPrekeyRequest);
formatProperties("PrekeyAnswer", PrekeyAnswer, anyPrekeyAnswer);
