/**
 * The name under which a file is shown and saved, whatever its sender called it.
 *
 * 1. The result is one part of a path on every system: no separators, no reserved name, not hidden, not empty.
 * 2. It shows as it is: no control, format (bidi) or line-breaking characters.
 */
import { encodeUtf8 } from "../wire/utf8.ts";

/** UTF-8 bytes of a cleaned name: leaves room for ` (2)` below the 255 of most file systems. */
const CLEAN_NAME_MAX_BYTES = 200;
/** UTF-16 units of an ending such as `.jpeg` that stays when a long name is cut. */
const ENDING_MAX = 16;
/** Names that Windows takes for devices, with or without an ending. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** The last part of the name, cleaned; `file` when nothing is left. */
export function cleanFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const plain = last
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "")
    .replace(/[<>:"|?*]/g, "_")
    .replace(/\s+/gu, " ")
    .replace(/^[. ]+|[. ]+$/g, "");
  const cut = shortened(plain);
  return cut === "" ? "file" : RESERVED.test(cut) ? `_${cut}` : cut;
}

function shortened(name: string): string {
  if (encodeUtf8(name).length <= CLEAN_NAME_MAX_BYTES) return name;
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && name.length - dot <= ENDING_MAX ? name.slice(dot) : "";
  const letters = [...name.slice(0, name.length - ending.length)];
  while (encodeUtf8(letters.join("") + ending).length > CLEAN_NAME_MAX_BYTES) letters.pop();
  return letters.join("").trimEnd() + ending;
}
