/** Files on their way from the browser to the process; from there on the conversation shows them. */
import { useState } from "react";
import { failureOf, failureText } from "../failures.ts";
import { useAnnouncer } from "../parts/toasts.tsx";
import { useScreen } from "../screen-context.ts";

export interface Upload {
  readonly id: number;
  readonly name: string;
  /** 0 to 100. */
  readonly percent: number;
  readonly cancel: () => void;
}

export interface Uploads {
  readonly going: readonly Upload[];
  readonly start: (file: File) => void;
}

let latest = 0;

export function useUploads(group: string): Uploads {
  const { files } = useScreen();
  const { toast } = useAnnouncer();
  const [going, setGoing] = useState<readonly Upload[]>([]);
  const start = (file: File) => {
    const id = ++latest;
    const abort = new AbortController();
    const cancel = () => abort.abort();
    setGoing((before) => [...before, { id, name: file.name, percent: 0, cancel }]);
    const onProgress = (doneBytes: number) => {
      const percent = file.size === 0 ? 100 : Math.floor((100 * doneBytes) / file.size);
      setGoing((before) => before.map((one) => (one.id === id ? { ...one, percent } : one)));
    };
    files
      .upload(group, file, { onProgress, signal: abort.signal })
      .catch((error) => abort.signal.aborted || toast(failureText(failureOf(error))))
      .finally(() => setGoing((before) => before.filter((one) => one.id !== id)));
  };
  return { going, start };
}
