/** A sentence that has to be seen: what went wrong, what to mind. */
import type { ReactNode } from "react";
import type { Failure } from "../../../client/view/screen-methods.ts";
import { failureText } from "../failures.ts";
import { Icon, type IconName } from "./icon.tsx";

interface NoteProps {
  readonly look?: "warn" | "danger" | "good";
  readonly icon?: IconName;
  readonly children: ReactNode;
}

export function Note({ look, icon, children }: NoteProps) {
  return (
    <div className={look ? `note ${look}` : "note"}>
      {icon && <Icon name={icon} />}
      <div className="grow foreign">{children}</div>
    </div>
  );
}

/** Read out at once. */
export function FailureNote({ failure }: { readonly failure: Failure | undefined }) {
  return (
    <div role="alert">
      {failure && (
        <Note look="danger" icon="warning">
          {failureText(failure)}
        </Note>
      )}
    </div>
  );
}
