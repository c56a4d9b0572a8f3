/** Files between this page and its process, over HTTP. */
import type { FileView } from "../../../client/file-api.ts";
import type { Failure } from "../../../client/view/screen-methods.ts";
import type { FileTransfer } from "../../../client/view/view-api.ts";
import { words } from "../words.ts";

const LOST: Failure = { code: "network/closed", message: words.failures.uploadLost };

/** `key` of this page; `fileKey` as the last welcome gave it. */
export function createFileTransfer(key: string, fileKey: () => string): FileTransfer {
  return {
    upload: (group, file, { onProgress, signal } = {}) =>
      new Promise((resolve, reject) => {
        if (!(file instanceof Blob)) {
          reject({ code: "usage/bad-argument", message: words.failures.noFile } satisfies Failure);
          return;
        }
        const query = new URLSearchParams({ name: "name" in file ? String(file.name) : "", type: file.type });
        const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
        request.open("POST", `/files/${group}?${query}`);
        request.setRequestHeader("x-hermes-key", key);
        request.upload.onprogress = ({ loaded }) => onProgress?.(loaded);
        request.onload = () => {
          const answer = answerIn(request.responseText);
          if (request.status === 200 && answer.file) resolve(answer.file);
          else reject(answer.error ?? LOST);
        };
        request.onerror = () => reject(LOST);
        request.onabort = () =>
          reject({ code: "usage/cancelled", message: words.failures.cancelled } satisfies Failure);
        signal?.addEventListener("abort", () => request.abort());
        request.send(file);
      }),
    fileAddress: (group, file, use) => `/files/${group}/${file}?${new URLSearchParams({ use, key: fileKey() })}`,
  };
}

function answerIn(text: string): { readonly file?: FileView; readonly error?: Failure } {
  try {
    return JSON.parse(text) as { readonly file?: FileView; readonly error?: Failure };
  } catch {
    return {};
  }
}
