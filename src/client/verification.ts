/** Comparing fingerprints with somebody. */
import { fingerprintOf } from "../protocol/account.ts";
import { ACCOUNT, SHARED } from "../protocol/records/account.ts";
import { Fault } from "../wire/fault.ts";
import { toHex } from "../wire/text-forms.ts";
import type { ClientMethods, IdentityView } from "./api.ts";
import type { CallContext } from "./calls.ts";
import { findGroup } from "./group-names.ts";
import { findMember, type NamedMember } from "./member-names.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingRecord, scanRecords } from "./profile-reader.ts";
import { groupName } from "./views.ts";

/** The accounts that we verified, on this or another device of ours; lower-case hex. */
export async function verifiedAccounts(store: ProfileStore): Promise<ReadonlySet<string>> {
  const accounts = new Set<string>();
  for (const [, { value }] of await scanRecords(store, SHARED))
    if (value.kind === "verified" && value.isVerified) accounts.add(toHex(value.account));
  return accounts;
}

/** See `verify` in api.ts. */
export async function verify(
  context: CallContext,
  { group: groupText, member: memberText, mark, compare }: ClientMethods["verify"][0],
): Promise<ClientMethods["verify"][1]> {
  const { store, put, primitives } = context;
  const group = await findGroup(store, groupText);
  const member = await findMember(store, group, memberText);
  const own = await readExistingRecord(store, ACCOUNT);
  if (toHex(own.account) === toHex(member.account))
    throw new Fault("usage/bad-argument", "that is yourself: name the member whose fingerprint you compare");
  const view = ({ account, name }: NamedMember): IdentityView => {
    return { account: toHex(account), name, fingerprint: fingerprintOf(primitives, account) };
  };
  const [me, them] = [view(own), view(member)];
  const code = pairCode(me, them);
  if (compare !== undefined) checkCompared(compare, them, code);
  if (mark !== undefined)
    await put({ kind: "verify", account: member.account, name: member.name, isVerified: mark === "verified" });
  const verified = (await verifiedAccounts(store)).has(them.account);
  return { group: groupName(group), me, member: { ...them, verified }, code };
}

/** The 120 digits that a pair compares: those of the lower account first, so both see the same. */
function pairCode(...pair: readonly IdentityView[]): string {
  const sorted = [...pair].sort((one, other) => (one.account < other.account ? -1 : 1));
  return sorted.map(({ fingerprint }) => digitsOf(fingerprint)).join("");
}

const digitsOf = (text: string): string => text.replace(/\s/g, "");

/** What was scanned or told: the pair's 120 digits, or the other's 60. */
function checkCompared(text: string, them: IdentityView, code: string): void {
  const digits = digitsOf(text);
  if (digits === code || digits === digitsOf(them.fingerprint)) return;
  if (!/^(\d{60}|\d{120})$/.test(digits))
    throw new Fault(
      "usage/bad-argument",
      `what was entered has ${digits.length} characters, and a fingerprint has 60 digits, a scanned code 120: copy all of it`,
    );
  throw new Fault(
    "usage/not-allowed",
    "these are not the digits of the account that this group knows under that name, so nobody was marked: do not trust it, and ask in person what happened",
  );
}
