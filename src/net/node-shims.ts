/**
 * What libp2p 3.3 expects of the platform and Node 20 lacks. First import of every entry of `src/net`: without
 * `Promise.withResolvers` a connection fails with a bare ECONNRESET and no word about the cause.
 *
 * 1. Only absent things are added, so the file does nothing on newer Node.
 * 2. The declarations are those names of the DOM and ES2024 libraries that libp2p's types mention; the whole DOM
 *    library would let any file of ours use `window`.
 */

import type { webcrypto } from "node:crypto";

declare global {
  type CryptoKeyPair = webcrypto.CryptoKeyPair;
  interface EventInit {
    bubbles?: boolean;
    cancelable?: boolean;
    composed?: boolean;
  }
  interface CustomEventInit<T = unknown> extends EventInit {
    detail?: T;
  }
  interface AddEventListenerOptions extends EventListenerOptions {
    once?: boolean;
    passive?: boolean;
    signal?: AbortSignal;
  }
  interface JsonWebKey {
    alg?: string;
    crv?: string;
    d?: string;
    dp?: string;
    dq?: string;
    e?: string;
    ext?: boolean;
    k?: string;
    key_ops?: string[];
    kty?: string;
    n?: string;
    p?: string;
    q?: string;
    qi?: string;
    use?: string;
    x?: string;
    y?: string;
  }
  interface PromiseWithResolvers<T> {
    promise: Promise<T>;
    resolve: (value: T | PromiseLike<T>) => void;
    reject: (reason?: unknown) => void;
  }
}

function withResolvers(): PromiseWithResolvers<unknown> {
  let resolve: PromiseWithResolvers<unknown>["resolve"] = () => undefined;
  let reject: PromiseWithResolvers<unknown>["reject"] = () => undefined;
  const promise = new Promise<unknown>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

if (!("withResolvers" in Promise)) {
  Object.defineProperty(Promise, "withResolvers", { value: withResolvers, configurable: true, writable: true });
}
