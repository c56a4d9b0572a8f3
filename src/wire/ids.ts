/** Branded byte strings and numbers: one name for each key, id and hash that crosses a module boundary. */
import { branded, counted } from "./brand.ts";
import { u32, u64 } from "./codec.ts";
import type { Infer } from "./encoding.ts";

/** Ed25519 public key of a person. */
export const AccountKey = branded("account-key", 32);
export type AccountKey = Infer<typeof AccountKey>;
/** Ed25519 public key of one installation. */
export const DeviceKey = branded("device-key", 32);
export type DeviceKey = Infer<typeof DeviceKey>;
/** X25519 identity key of a device, for PQXDH. */
export const IdentityKey = branded("identity-key", 32);
export type IdentityKey = Infer<typeof IdentityKey>;
/** Ed25519 public key that is the address of an epoch of a group, of an inbox or of a rendezvous. */
export const Topic = branded("topic", 32);
export type Topic = Infer<typeof Topic>;
/** X25519 public key to which a deposit in an inbox is sealed. */
export const SealingKey = branded("sealing-key", 32);
export type SealingKey = Infer<typeof SealingKey>;
/** Ed25519 signature, 64 bytes. */
export const Signature = branded("signature", 64);
export type Signature = Infer<typeof Signature>;
/** SHA-256 of an envelope without its signature. */
export const EnvelopeId = branded("envelope-id", 32);
export type EnvelopeId = Infer<typeof EnvelopeId>;
/** Hash of the create entry. */
export const GroupId = branded("group-id", 32);
export type GroupId = Infer<typeof GroupId>;
/** h(e): hash of a membership log entry. */
export const EntryHash = branded("entry-hash", 32);
export type EntryHash = Infer<typeof EntryHash>;
/** eid: names an epoch by its frontier and its topic. */
export const EpochId = branded("epoch-id", 32);
export type EpochId = Infer<typeof EpochId>;
/** Id of a group message, the same for everybody. */
export const MessageId = branded("message-id", 32);
export type MessageId = Infer<typeof MessageId>;
/** Random id of one holder's topic logs; a changed one means resynchronise. */
export const LogId = branded("log-id", 16);
export type LogId = Infer<typeof LogId>;
/** Key under which the prekey directory files an account: SHA-256 over a label and the account key. */
export const DirectoryKey = branded("directory-key", 32);
export type DirectoryKey = Infer<typeof DirectoryKey>;
/** Ed25519 public key that owns one slot of the directory. */
export const SlotKey = branded("slot-key", 32);
export type SlotKey = Infer<typeof SlotKey>;
/** SHA-256 of a sealed chunk of a file. */
export const ChunkId = branded("chunk-id", 32);
export type ChunkId = Infer<typeof ChunkId>;
/** ML-KEM-768 public key. */
export const KemPublicKey = branded("kem-public-key", 1184);
export type KemPublicKey = Infer<typeof KemPublicKey>;
/** ML-KEM-768 ciphertext. */
export const KemCiphertext = branded("kem-ciphertext", 1088);
export type KemCiphertext = Infer<typeof KemCiphertext>;
/** XChaCha20-Poly1305 nonce. */
export const Nonce = branded("nonce", 24);
export type Nonce = Infer<typeof Nonce>;

/** Position in one sender's chain. */
export const Iteration = counted("iteration", u64);
export type Iteration = Infer<typeof Iteration>;
/** Number that a holder gives an envelope within one topic; strictly growing, gaps allowed. */
export const Sequence = counted("sequence", u64);
export type Sequence = Infer<typeof Sequence>;
/** Milliseconds since 1970-01-01 UTC. */
export const TimeMs = counted("time-ms", u64);
export type TimeMs = Infer<typeof TimeMs>;
/** Id of a prekey within its device. */
export const PrekeyId = counted("prekey-id", u32);
export type PrekeyId = Infer<typeof PrekeyId>;
