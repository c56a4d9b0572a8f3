/** What was typed in a group and not sent: the view model keeps it in the profile. */
import { useState } from "react";
import { useScreen, useView } from "../screen-context.ts";

export interface Draft {
  readonly text: string;
  readonly change: (text: string) => void;
  readonly clear: () => void;
}

export function useDraft(group: string): Draft {
  const { model } = useScreen();
  /** Comes after the group itself when the page is loaded anew. */
  const kept = useView((state) => state.groups.find(({ id }) => id === group)?.draft ?? "");
  const [typed, setTyped] = useState<string>();
  const change = (text: string) => {
    setTyped(text);
    model.saveDraft(group, text);
  };
  return { text: typed ?? kept, change, clear: () => change("") };
}
