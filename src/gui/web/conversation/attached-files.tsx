/** Files that are going to be sent with the next message, and those that the process is still taking. */
import { nameWords, sizeWords } from "../clock-words.ts";
import { IconButton } from "../parts/button.tsx";
import { Name } from "../parts/name.tsx";
import { words } from "../words.ts";
import type { Uploads } from "./uploads.ts";

interface AttachedFilesProps {
  readonly files: readonly File[];
  readonly uploads: Uploads;
  readonly onRemove: (file: File) => void;
}

export function AttachedFiles({ files, uploads, onRemove }: AttachedFilesProps) {
  if (files.length === 0 && uploads.going.length === 0) return null;
  return (
    <ul className="chips" aria-label={words.composer.attached}>
      {uploads.going.map(({ id, name, percent, cancel }) => (
        <li key={id} className="chip">
          <span className="spinner" />
          <span className="foreign">{words.composer.handingOver(nameWords(name), percent)}</span>
          <IconButton icon="close" label={words.file.cancel} onClick={cancel} />
        </li>
      ))}
      {files.map((file, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same file may be there twice, and lines hold nothing of their own
        <li key={place} className="chip">
          <Name name={file.name} />
          <span className="soft">{sizeWords(file.size)}</span>
          <IconButton icon="close" label={words.composer.remove(nameWords(file.name))} onClick={() => onRemove(file)} />
        </li>
      ))}
    </ul>
  );
}
