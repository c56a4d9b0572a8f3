/** The view model over this browser's connection to its process. */
import { createLiveLink } from "../../../client/view/live-link.ts";
import type { ScreenLink } from "../../../client/view/screen-link.ts";
import type { FileTransfer, ViewModel } from "../../../client/view/view-api.ts";
import { createViewModel } from "../../../client/view/view-model.ts";
import { words } from "../words.ts";
import { enter } from "./entering.ts";
import { createFileTransfer } from "./file-transfer.ts";
import { openWire } from "./live-wire.ts";

/** Comes in by the link, or with the key of before, and starts; a browser that has neither is shut out. */
export async function createScreenLink(): Promise<{ readonly model: ViewModel; readonly files: FileTransfer }> {
  const key = await enter();
  const live = key === undefined ? undefined : createLiveLink({ open: openWire, key, after, newId });
  const wake = (): void => {
    if (document.visibilityState === "visible") live?.wake();
  };
  for (const name of ["online", "pageshow", "focus"]) addEventListener(name, wake);
  document.addEventListener("visibilitychange", wake);
  const model = createViewModel({ link: live ?? NOBODY, nowMs: Date.now, dayOf, after, newId });
  return { model, files: createFileTransfer(key ?? "", () => live?.fileKey() ?? "") };
}

/** For a browser that was never let in. */
const NOBODY: ScreenLink = {
  start: (tell) => tell({ kind: "shut-out" }),
  call: () => Promise.reject({ code: "usage/not-allowed", message: words.failures.shutOut }),
};

const newId = (): string => crypto.randomUUID();

function after(delayMs: number, wake: () => void): () => void {
  const timer = setTimeout(wake, delayMs);
  return () => clearTimeout(timer);
}

function dayOf(ms: number): string {
  const date = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
