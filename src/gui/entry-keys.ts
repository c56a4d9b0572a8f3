/**
 * Who may use the web screen: whoever opened the link that this process printed, with the browser that opened it.
 *
 * 1. The link's token works once. It stands in the fragment, which browsers do not send and servers do not log.
 * 2. It is exchanged for a cookie (HttpOnly, SameSite=Strict) *and* a key that the page keeps. Cookies are sent to every
 *    port of a host, so another server on this machine may see ours; a key in the page's own storage belongs to this
 *    port alone. Everything but the bare page asks for both.
 * 3. Addresses of files cannot carry headers: they carry a third secret, which opens files and nothing else.
 * 4. All of them are 32 random bytes, compared in constant time, and end with the process.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 32;

/** The secrets of one running server. */
export interface EntryKeys {
  /** For the link; base64url. */
  readonly token: string;
  /** The page's key for a token that was right and not used before. */
  readonly exchange: (token: string) => { readonly key: string; readonly cookie: string } | undefined;
  readonly isCookie: (value: string | undefined) => boolean;
  readonly isKey: (value: string | undefined) => boolean;
  readonly isFileKey: (value: string | undefined) => boolean;
  readonly fileKey: string;
}

export function createEntryKeys(): EntryKeys {
  const [token, key, cookie, fileKey] = [secret(), secret(), secret(), secret()];
  let isUsed = false;
  return {
    token,
    exchange: (given) => {
      // wrong ones are not counted: each would cost a guesser 2^255, and another user of this machine would shut us out
      if (isUsed || !isSame(given, token)) return undefined;
      isUsed = true;
      return { key, cookie };
    },
    isCookie: (value) => isSame(value, cookie),
    isKey: (value) => isSame(value, key),
    isFileKey: (value) => isSame(value, fileKey),
    fileKey,
  };
}

const secret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** Hashes have one length, so that nothing is learnt from how long the comparison takes. */
function isSame(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted));
}
