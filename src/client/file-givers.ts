/** Who gave us chunks, as people know them: a relay by its address, a member by name where its addresses say whose it is. */
import { GROUP, MEMBER, MEMBER_ADDRESS } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import type { AccountKey, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { FileContext, Transfer } from "./file-transfer.ts";
import type { ChunkGiver } from "./ports/chunks.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, readSavedRoster, scanRecords } from "./profile-reader.ts";

/** Devices of a group whose addresses are remembered, see src/protocol/member-addresses.ts. */
const ADDRESSES_SCANNED = 64;

/** Somebody gave other bytes than were asked for: it is told by name, with the file and as a warning. */
export async function tellFalseChunks(c: FileContext, t: Transfer, giver: ChunkGiver): Promise<void> {
  const { group } = t;
  const relay = giver.kind === "relay" ? giver.address : undefined;
  const account = giver.kind === "member" ? await accountOf(c.store, group, giver.peerId) : undefined;
  const member = account && (await readRecord(c.store, MEMBER, idOf(group, account)));
  const who = relay === undefined ? (member?.name ?? `a member (${nameOf(giver)})`) : `the relay ${relay}`;
  t.told.reason = `${who} gave other bytes than those of this file; they were thrown away, and it is asked for this file no more`;
  c.hub.tell({
    kind: "warning",
    code: "false-chunks",
    group,
    ...(relay ? { relay } : {}),
    ...(account ? { account } : {}),
  });
  t.tell();
}

const nameOf = (giver: ChunkGiver): string => (giver.kind === "relay" ? giver.address : giver.peerId);

/** Whose process that is, if a device of the group has said that it is reached there. */
async function accountOf(store: ProfileStore, group: GroupId, peerId: string): Promise<AccountKey | undefined> {
  const prefix = `${toHex(group)}/`;
  const said = await scanRecords(store, MEMBER_ADDRESS, { after: prefix, limit: ADDRESSES_SCANNED });
  const isTheirs = ([id, { addresses }]: (typeof said)[number]): boolean =>
    id.startsWith(prefix) && addresses.some((each) => each.endsWith(`/p2p/${peerId}`));
  const device = said.find(isTheirs)?.[0].slice(prefix.length);
  const sending = (await readRecord(store, GROUP, toHex(group)))?.sending;
  const roster = device && sending ? await readSavedRoster(store, toHex(sending)) : undefined;
  return roster?.find((each) => toHex(each.device) === device)?.account;
}
