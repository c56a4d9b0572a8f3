/** Calls about relays that did not tell the truth: what shows it, and whether what somebody else shows is genuine. */

import { EPOCH } from "../protocol/records/epoch.ts";
import { GROUP, MEMBER } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { STATEMENT, STATEMENTS_MAX, TOPIC } from "../protocol/records/topic.ts";
import { checkStatement } from "../protocol/relay-statements.ts";
import { decode, encode } from "../wire/encoding.ts";
import { Fault } from "../wire/fault.ts";
import type { DeviceKey } from "../wire/ids.ts";
import { relayFaultName, SignedRelayStatement } from "../wire/relay-statement.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { ClientMethods } from "./api.ts";
import type { CallContext } from "./calls.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, readSavedRoster, scanRecords } from "./profile-reader.ts";
import type { RelayEvidence, StatementCheck } from "./relay-api.ts";
import { groupName, isoTime } from "./views.ts";

/** See `evidence` in api.ts. */
export async function evidence({ store }: CallContext): Promise<ClientMethods["evidence"][1]> {
  const kept = await scanRecords(store, STATEMENT, { limit: STATEMENTS_MAX });
  return { statements: await Promise.all(kept.map(([, each]) => statementView(store, each))) };
}

async function statementView(store: ProfileStore, signed: SignedRelayStatement): Promise<RelayEvidence> {
  const { relay, fault, at, sequence, topic } = signed.statement;
  const group = await groupOfTopic(store, toHex(topic));
  const statement = toHex(encode(SignedRelayStatement, signed));
  const view = { relay, fault: relayFaultName(fault), at: isoTime(at), sequence, statement };
  return group ? { ...view, group } : view;
}

async function groupOfTopic(store: ProfileStore, topic: string) {
  const use = (await readRecord(store, TOPIC, topic))?.use;
  const group = use?.kind === "epoch" ? await readRecord(store, GROUP, toHex(use.group)) : undefined;
  return group && groupName(group);
}

/** How often each relay (by its PeerId) contradicted itself. */
export async function contradictions(store: ProfileStore): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const [, { statement }] of await scanRecords(store, STATEMENT, { limit: STATEMENTS_MAX })) {
    const peer = statement.relay.slice(statement.relay.lastIndexOf("/") + 1);
    counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  return counts;
}

/** See `evidence-check` in api.ts. */
export async function checkEvidence(
  context: CallContext,
  { statements }: ClientMethods["evidence-check"][0],
): Promise<ClientMethods["evidence-check"][1]> {
  if (
    !Array.isArray(statements) ||
    statements.length > STATEMENTS_MAX ||
    !statements.every((each) => typeof each === "string")
  )
    throw new Fault("usage/bad-argument", `evidence has at most ${STATEMENTS_MAX} statements, as text`);
  return { checks: await Promise.all(statements.map((each) => checkOne(context, each))) };
}

async function checkOne({ store, primitives }: CallContext, text: string): Promise<StatementCheck> {
  const bytes = fromHex(text);
  const signed = bytes && decode(SignedRelayStatement, bytes);
  if (!signed) return { verdict: "forged", messages: [], entries: 0 };
  const { statement: _, ...about } = await statementView(store, signed);
  const use = (await readRecord(store, TOPIC, toHex(signed.statement.topic)))?.use;
  const epoch = use?.kind === "epoch" ? await readRecord(store, EPOCH, toHex(use.epoch)) : undefined;
  const roster = epoch && (await readSavedRoster(store, toHex(epoch.epoch)));
  if (!epoch || !roster) return { ...about, verdict: "unknown", messages: [], entries: 0 };
  const devices = roster;
  const proven = checkStatement(primitives, signed, { epoch, devices });
  if (proven === "forged") return { ...about, verdict: "forged", messages: [], entries: 0 };
  const nameOf = async (device: DeviceKey) => {
    const account = devices.find((each) => toHex(each.device) === toHex(device))?.account;
    const member = account && (await readRecord(store, MEMBER, idOf(epoch.group, account)));
    return { account: account ? toHex(account) : "", name: member?.name ?? "" };
  };
  const messages = proven.flatMap((each) => (each.kind === "message" ? [each] : []));
  return {
    ...about,
    verdict: "genuine",
    by: await nameOf(signed.statement.device),
    messages: await Promise.all(
      messages.map(async ({ id, device }) => ({ id: toHex(id), from: await nameOf(device) })),
    ),
    entries: proven.length - messages.length,
  };
}
