import fc from "fast-check";
import { FileManifest, type FilePreviewImage } from "../../src/wire/file-manifest.ts";
import { MessageContent, NamedMerge } from "../../src/wire/group-message.ts";
import { ChunkId, EntryHash, EpochId, MessageId } from "../../src/wire/ids.ts";
import { FILE_MAX_BYTES, MERGED_HEADS_MAX, NAME_MAX_BYTES, NAMED_MERGES_MAX } from "../../src/wire/limits.ts";
import { anyText, anyU32, brandedBytes, bytesOf, record } from "./arbitraries.ts";
import { formatProperties } from "./format-properties.ts";

const anyManifest = record<FileManifest>({
  name: anyText(255),
  type: anyText(127),
  size: fc.integer({ min: 0, max: FILE_MAX_BYTES }),
  isDirectory: fc.boolean(),
  key: bytesOf(32, 32),
  commitment: bytesOf(32, 32),
  root: brandedBytes(ChunkId),
  preview: fc.option(
    record<FilePreviewImage>({ width: anyU32, height: anyU32, format: fc.constantFrom(1, 2), image: bytesOf(300) }),
    { nil: undefined },
  ),
});

type ContentOf<K extends MessageContent["kind"]> = MessageContent & { readonly kind: K };
const file = brandedBytes(MessageId);
const heads = fc.array(brandedBytes(EntryHash), { minLength: 2, maxLength: MERGED_HEADS_MAX, size: "max" });
const anyMerge = record<NamedMerge>({ epoch: brandedBytes(EpochId), heads });
const merges = fc.array(anyMerge, { minLength: 1, maxLength: NAMED_MERGES_MAX, size: "max" });

formatProperties("FileManifest", FileManifest, anyManifest);
formatProperties(
  "MessageContent",
  MessageContent,
  fc.oneof<fc.Arbitrary<MessageContent>[]>(
    record<ContentOf<"text">>({ kind: fc.constant("text"), text: anyText(300) }),
    record<ContentOf<"file">>({ kind: fc.constant("file"), manifest: anyManifest }),
    record<ContentOf<"fileWanted">>({ kind: fc.constant("fileWanted"), file }),
    record<ContentOf<"fileHeld">>({ kind: fc.constant("fileHeld"), file }),
    record<ContentOf<"named">>({ kind: fc.constant("named"), name: anyText(NAME_MAX_BYTES / 4) }),
    record<ContentOf<"merges">>({ kind: fc.constant("merges"), merges }),
  ),
);
formatProperties("NamedMerge", NamedMerge, anyMerge);
