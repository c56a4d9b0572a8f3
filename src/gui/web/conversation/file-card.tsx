/** A file in the conversation or in the list of files: how far it is, and what one can do. */
import { useState } from "react";
import type { FilePreview, FileView } from "../../../client/file-api.ts";
import { safeText } from "../../../client/view/safe-text.ts";
import { nameWords, sizeWords } from "../clock-words.ts";
import { failureOf, failureText, sentence } from "../failures.ts";
import { Button, IconButton } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Name } from "../parts/name.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";

interface FileCardProps {
  readonly group: string;
  readonly file: FileView;
  readonly own: boolean;
}

const PREVIEW = /^data:image\/(?:webp|jpeg|png);base64,[A-Za-z0-9+/=]+$/;
/** Widest preview (pixels). */
const PREVIEW_WIDTH = 360;
/** States in which a reason says what is wrong, or what is waited for. */
const TROUBLED: readonly FileView["state"][] = ["failed", "waiting", "fetching"];
const MOVING: readonly FileView["state"][] = ["sending", "fetching", "waiting"];

export function FileCard({ group, file, own }: FileCardProps) {
  const { model } = useScreen();
  const attempt = useAttempt();
  const isMoving = MOVING.includes(file.state);
  return (
    <div className="file-card" data-state={file.state}>
      <Preview group={group} file={file} />
      <div className="file-head">
        <Icon name={file.directory ? "folder" : "file"} />
        <div className="grow">
          <div className="file-name">
            <Name name={file.name} id={file.id} />
          </div>
          <FileStatus file={file} />
        </div>
        {isMoving && (
          <IconButton
            icon="close"
            label={words.file.cancel}
            onClick={() => attempt(model.call("file-cancel", { group, file: file.id }))}
          />
        )}
      </div>
      {isMoving && (
        <progress
          max={Math.max(1, file.sizeBytes)}
          value={file.doneBytes}
          aria-label={`${words.file.states[file.state]}: ${nameWords(file.name)}`}
        />
      )}
      <FileActions group={group} file={file} own={own} />
    </div>
  );
}

function FileStatus({ file }: { readonly file: FileView }) {
  const { state, doneBytes, sizeBytes, bytesPerSecond, reason, holders, path } = file;
  const isMoving = MOVING.includes(state);
  const size = isMoving ? words.file.progress(sizeWords(doneBytes), sizeWords(sizeBytes)) : sizeWords(sizeBytes);
  const speed = isMoving && bytesPerSecond !== undefined ? words.file.speed(sizeWords(bytesPerSecond)) : undefined;
  return (
    <div className="soft small foreign">
      {[words.file.states[state], size, speed].filter(Boolean).join(" · ")}
      {holders && holders.length > 0 && (
        <div>{words.file.holders(holders.map(({ name, account }) => nameWords(name, account)).join(", "))}</div>
      )}
      {state === "here" && path && <div>{words.file.savedIn(safeText(path))}</div>}
      {reason && TROUBLED.includes(state) && <div>{sentence(safeText(reason))}</div>}
    </div>
  );
}

/** Calls whose failure is told, and whose success the card shows. */
function useAttempt(): (work: Promise<unknown>) => void {
  const { toast } = useAnnouncer();
  return (work) => {
    work.catch((error) => toast(failureText(failureOf(error))));
  };
}

function FileActions({ group, file, own }: FileCardProps) {
  const { model, files } = useScreen();
  const attempt = useAttempt();
  const get = () => attempt(model.call("file-get", { group, file: file.id, waitMs: 0 }));
  const isOpen = file.state === "offered" || (!own && (file.state === "cancelled" || file.state === "failed"));
  const isSaved = file.state === "here" && !file.directory;
  if (!isOpen && !isSaved) return null;
  return (
    <div className="row">
      {isOpen && (
        <Button small onClick={get}>
          <Icon name="download" />
          {file.state === "offered" ? words.file.get : words.file.resume}
        </Button>
      )}
      {isSaved && (
        <a className="button small" href={files.fileAddress(group, file.id, "save")} download={nameWords(file.name)}>
          <Icon name="download" />
          {words.file.save}
        </a>
      )}
    </div>
  );
}

/** No larger than the picture, nor than a bubble has room for (pixels). */
function sizeInBubble({ width, height }: FilePreview): { readonly width: number; readonly height: number } {
  const shown = Math.min(width, PREVIEW_WIDTH);
  return { width: shown, height: Math.round((shown * height) / Math.max(1, width)) };
}

/** The sender's small likeness; the picture itself once it is here. */
function Preview({ group, file }: { readonly group: string; readonly file: FileView }) {
  const { files } = useScreen();
  const [large, setLarge] = useState(false);
  const { preview } = file;
  if (!preview || !PREVIEW.test(preview.image)) return null;
  const name = nameWords(file.name);
  const isHere = file.state === "here";
  return (
    <>
      <button type="button" className="file-preview" aria-label={words.file.view(name)} onClick={() => setLarge(true)}>
        <img src={preview.image} {...sizeInBubble(preview)} alt={words.file.preview(name)} />
      </button>
      {large && (
        <Dialog wide title={<Name name={file.name} />} onClose={() => setLarge(false)}>
          <img
            className="large-picture"
            src={isHere ? files.fileAddress(group, file.id, "show") : preview.image}
            width={preview.width}
            height={preview.height}
            alt={name}
          />
        </Dialog>
      )}
    </>
  );
}
