/**
 * The same group with ts-mls (RFC 9420, X25519 and Ed25519 by way of WebCrypto): somebody who commits, one other member
 * who follows, and key packages of the rest, all of whom one commit added.
 */
import { loadMls, type Mls, type MlsKeys, type MlsState, type MlsSuite } from "./peers.ts";

const SUITE = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";

export interface MlsGroup {
  readonly mls: Mls;
  readonly suite: MlsSuite;
  owner: MlsState;
  member: MlsState;
}

/** What something costs: µs of processor time and bytes sent. */
export interface MlsCost {
  readonly us: number;
  readonly bytes: number;
}

export async function makeMlsGroup(members: number): Promise<MlsGroup> {
  const mls = loadMls();
  const suite = await mls.getCiphersuiteImpl(mls.getCiphersuiteFromName(SUITE));
  const [owner, member] = [await keysOf(mls, suite, "owner"), await keysOf(mls, suite, "member")];
  const created = await mls.createGroup(text("club"), owner.publicPackage, owner.privatePackage, [], suite);
  const others = [member];
  while (others.length < members - 1) others.push(await keysOf(mls, suite, `person ${others.length}`));
  const extraProposals = others.map(addOf);
  const { newState, welcome } = await mls.createCommit({ state: created, cipherSuite: suite }, { extraProposals });
  return { mls, suite, owner: newState, member: await enter({ mls, suite }, member, { welcome, newState }) };
}

const text = (said: string): Uint8Array => new TextEncoder().encode(said);

function keysOf(mls: Mls, suite: MlsSuite, name: string): Promise<MlsKeys> {
  const credential = { credentialType: "basic", identity: text(name) };
  return mls.generateKeyPackage(credential, mls.defaultCapabilities(), mls.defaultLifetime, [], suite);
}

const addOf = ({ publicPackage }: MlsKeys): object => ({ proposalType: "add", add: { keyPackage: publicPackage } });

function enter(
  { mls, suite }: Pick<MlsGroup, "mls" | "suite">,
  { publicPackage, privatePackage }: MlsKeys,
  { welcome, newState }: { readonly welcome: object | undefined; readonly newState: MlsState },
): Promise<MlsState> {
  if (!welcome) throw new Error("nobody was added");
  const tree = newState.ratchetTree;
  return mls.joinGroup(welcome, publicPackage, privatePackage, mls.emptyPskIndex, suite, tree);
}

async function measured<T>(work: () => Promise<T>): Promise<{ readonly us: number; readonly value: T }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { us: user + system, value };
}

/** A commit by the owner, taken by the member. */
async function commit(group: MlsGroup, extraProposals: readonly object[]) {
  const { mls, suite } = group;
  const made = await measured(() =>
    mls.createCommit({ state: group.owner, cipherSuite: suite }, { extraProposals, ratchetTreeExtension: true }),
  );
  const { newState, commit: message, welcome } = made.value;
  const taken = await measured(() => take(group, message));
  group.owner = newState;
  const commitBytes = mls.encodeMlsMessage(message).length;
  const welcomeBytes = welcome ? encodedWelcome(mls, welcome).length : 0;
  return { us: made.us, commitBytes, welcomeBytes, welcome, newState, taken: { us: taken.us, bytes: commitBytes } };
}

const encodedWelcome = (mls: Mls, welcome: object): Uint8Array =>
  mls.encodeMlsMessage({ welcome, wireformat: "mls_welcome", version: "mls10" });

async function take(group: MlsGroup, message: object): Promise<void> {
  const { mls, suite } = group;
  const [decoded] = mls.decodeMlsMessage(mls.encodeMlsMessage(message), 0) ?? [];
  if (!decoded?.privateMessage) throw new Error("not a private message");
  const outcome = await mls.processPrivateMessage(group.member, decoded.privateMessage, mls.emptyPskIndex, suite);
  group.member = outcome.newState;
}

/** Somebody is added, and enters. */
export async function mlsAdd(group: MlsGroup) {
  const keys = await keysOf(group.mls, group.suite, "newcomer");
  const made = await commit(group, [addOf(keys)]);
  const joined = await measured(() => enter(group, keys, made));
  const add: MlsCost = { us: made.us, bytes: made.commitBytes + made.welcomeBytes };
  return { add, taken: made.taken, join: { us: joined.us, bytes: made.welcomeBytes } };
}

/** The member at this leaf is removed; then the owner says something. */
export async function mlsRemove(group: MlsGroup, removed: number) {
  const { mls, suite } = group;
  const made = await commit(group, [{ proposalType: "remove", remove: { removed } }]);
  const said = await measured(() => mls.createApplicationMessage(group.owner, text("hello"), suite));
  const { newState, privateMessage } = said.value;
  group.owner = newState;
  const message = { privateMessage, wireformat: "mls_private_message", version: "mls10" };
  const heard = await measured(() => take(group, message));
  const first: MlsCost = { us: said.us + heard.us, bytes: mls.encodeMlsMessage(message).length };
  const remove: MlsCost = { us: made.us, bytes: made.commitBytes };
  return { remove, taken: made.taken, first };
}
