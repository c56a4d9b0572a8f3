/** A screen's own texts in the profile: drafts and preferences. Saved a little after the last change. */
import type { ViewSurroundings } from "./screen-link.ts";

/** Drafts are notes of this name and the group's id. */
export const DRAFT_NOTE = "draft.";
/** How long after the last key a note is saved (ms). */
const SAVE_MS = 500;

export interface Notes {
  /** Keeps this text; what is saved is the last one. */
  readonly keep: (name: string, text: string) => void;
  /** Saves what waits, at once. */
  readonly flush: () => void;
  /** What waits is dropped: there is no profile any more to save it in. */
  readonly forget: () => void;
}

export function createNotes({ link, after }: Pick<ViewSurroundings, "link" | "after">): Notes {
  const waiting = new Map<string, { readonly text: string; readonly cancel: () => void }>();
  const save = (name: string): void => {
    const note = waiting.get(name);
    waiting.delete(name);
    note?.cancel();
    // A draft that could not be saved is still on the screen.
    if (note) void link.call("note-save", { name, text: note.text }).catch(() => undefined);
  };
  return {
    keep: (name, text) => {
      waiting.get(name)?.cancel();
      waiting.set(name, { text, cancel: after(SAVE_MS, () => save(name)) });
    },
    flush: () => {
      for (const name of [...waiting.keys()]) save(name);
    },
    forget: () => {
      for (const { cancel } of waiting.values()) cancel();
      waiting.clear();
    },
  };
}
