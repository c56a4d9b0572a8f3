/** Bundles the web screen: src/gui/web -> dist/gui. Nothing in it comes from elsewhere at run time. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Names and search words of emoji, as files that the picker fetches from us. */
function emojiFiles() {
  return {
    name: "emoji-files",
    generateBundle() {
      for (const name of ["data.json", "messages.json"]) {
        const source = readFileSync(at(`../node_modules/emojibase-data/en/${name}`));
        this.emitFile({ type: "asset", fileName: `emoji/en/${name}`, source });
      }
    },
  };
}

export default {
  root: at("../src/gui/web"),
  plugins: [react(), emojiFiles()],
  build: {
    outDir: at("../dist/gui"),
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows no inline script, and data: only for pictures.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
};
