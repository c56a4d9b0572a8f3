/**
 * Bundles the program: src/cli, relay-node and what they load -> dist/program, a few files instead of some hundreds, so that
 * a command starts fast. Stays readable, with names and source maps, since stacks are shown to people who report bugs.
 */
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Native code, which these packages find by their own place (the database's module: src/sqlite). */
const NATIVE = ["sodium-native", "sodium-native/binding.js", "@node-rs/argon2"];
/** WebAssembly, likewise; loaded only in the thread that makes previews. */
const WASM = ["@jsquash/jpeg", "@jsquash/png", "@jsquash/resize", "@jsquash/webp"];

/** Takes those by `require`: an `import` of CommonJS reads all of its files first, to learn what they export. */
function requireNative() {
  const isNative = (id) => NATIVE.includes(id);
  return {
    name: "require-native",
    enforce: "pre",
    resolveId: (id) => (isNative(id) ? `\0native:${id}` : undefined),
    load: (id) => {
      if (!id.startsWith("\0native:")) return undefined;
      const name = JSON.stringify(id.slice("\0native:".length));
      return {
        code: `import { createRequire } from "node:module";\nmodule.exports = createRequire(import.meta.url)(${name});`,
        moduleType: "js",
      };
    },
  };
}

export default {
  root: at(".."),
  publicDir: false,
  plugins: [requireNative()],
  ssr: { noExternal: true, external: WASM },
  build: {
    ssr: true,
    outDir: at("../dist/program"),
    emptyOutDir: false, // who runs meanwhile may still load a part; scripts/prepare.mjs clears up
    target: "node20.19",
    sourcemap: true,
    minify: false,
    rolldownOptions: {
      input: {
        hermes: at("../src/cli/entry.ts"),
        relay: at("../relay-node/main.ts"),
        "store-worker": at("../relay-node/store-worker.ts"),
        "picture-worker": at("../src/store/picture-worker.ts"),
        "page-copier-worker": at("../src/store/page-copier-worker.ts"),
      },
      // side by side, where the threads' files are looked for; a part that has changed has another name (see emptyOutDir)
      output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
    },
  },
};
