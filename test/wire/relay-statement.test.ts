import fc from "fast-check";
import { DeviceKey, LogId, type Sequence, Signature, type TimeMs, Topic } from "../../src/wire/ids.ts";
import { type RelayStatement, SignedRelayStatement } from "../../src/wire/relay-statement.ts";
import { anyU64, brandedBytes, bytesOf, record } from "./arbitraries.ts";
import { formatProperties } from "./format-properties.ts";

const anyStatement = record<RelayStatement>({
  version: fc.constant(1),
  device: brandedBytes(DeviceKey),
  relay: fc.string({ maxLength: 60 }),
  fault: fc.constantFrom(1, 2, 3),
  log: brandedBytes(LogId),
  topic: brandedBytes(Topic),
  sequence: anyU64() as fc.Arbitrary<Sequence>,
  at: anyU64() as fc.Arbitrary<TimeMs>,
  envelopes: fc.array(bytesOf(200, 1), { maxLength: 2 }),
});

formatProperties(
  "SignedRelayStatement",
  SignedRelayStatement,
  record<SignedRelayStatement>({ statement: anyStatement, signature: brandedBytes(Signature) }),
);
