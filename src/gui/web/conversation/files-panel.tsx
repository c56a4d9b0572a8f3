/** All files of a group, newest first. */
import { useEffect, useState } from "react";
import type { FileView } from "../../../client/file-api.ts";
import { failureOf } from "../failures.ts";
import { FailureNote } from "../parts/note.tsx";
import { PanelHead } from "../parts/panel-head.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { FileCard } from "./file-card.tsx";

export function FilesPanel({ group }: { readonly group: string }) {
  const { model } = useScreen();
  const [files, setFiles] = useState<readonly FileView[]>();
  const [failure, setFailure] = useState<ReturnType<typeof failureOf>>();
  // Rows follow the files of the conversation; whatever moves is asked for again.
  const rows = useView((state) => state.conversations[group]?.rows);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when a row has changed
  useEffect(() => {
    let current = true;
    model.call("file-list", { group }).then(
      (answer) => current && setFiles([...answer.files].reverse()),
      (error) => current && setFailure(failureOf(error)),
    );
    return () => {
      current = false;
    };
  }, [model, group, rows]);
  return (
    <>
      <PanelHead group={group} panel="files" title={words.file.title} />
      <div className="panel-body">
        <FailureNote failure={failure} />
        {files?.length === 0 && <p className="soft">{words.file.none}</p>}
        <ul className="stack">
          {files?.map((file) => (
            <li key={file.id} className="panel-card">
              <FileCard group={group} file={file} own={file.state === "sending" || file.state === "sent"} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
