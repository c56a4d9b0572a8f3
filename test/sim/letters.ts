/** What letters gave somebody, whether or not an honest device kept it: outsiders keep everything. */
import { CoreHash, coreHash, frontierHash, rootSecret } from "../../src/crypto/epoch-secrets.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { decode } from "../../src/wire/encoding.ts";
import { decodeEntry } from "../../src/wire/entry.ts";
import { InnerText } from "../../src/wire/pairwise.ts";
import { decodePairwisePayload, type PayloadItem } from "../../src/wire/pairwise-payload.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Knowledge } from "./ledger.ts";

/** Looks whether something that was opened is a letter, and notes the secrets in it. */
export function noteLetter(p: Primitives, knowledge: Knowledge, opened: Uint8Array): void {
  const inner = decode(InnerText, opened);
  const payload = inner && decodePairwisePayload(inner.payload);
  for (const item of payload?.items ?? []) noteItem(p, knowledge, item);
}

function noteItem(p: Primitives, { given, contributions }: Knowledge, item: PayloadItem): void {
  if (item.kind === "welcome") given.set(toHex(item.secret), item.secret.slice());
  if (item.kind === "secret") {
    const core = decodeEntry(item.signed)?.core;
    const secret = core && rootSecret(p, item.secret, CoreHash.from(coreHash(p, core)));
    if (secret) given.set(toHex(secret), secret);
  }
  if (item.kind === "contribution") {
    const phi = toHex(frontierHash(p, item.group, item.frontier));
    contributions.push({ phi, head: toHex(item.head), value: item.value.slice() });
  }
}
