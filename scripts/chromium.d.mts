/** Types of chromium.mjs, for the tests. */
export function findChromium(env?: NodeJS.ProcessEnv): string | undefined;
export const INSTALL: string;
export function installChromium(say: (sentence: string) => void): void;
