/** Bundles the gallery: the screen's components over states that are written down, for looking at and for tests. */
import { fileURLToPath } from "node:url";
import screen from "../../../config/vite.config.mjs";

export default {
  ...screen,
  root: fileURLToPath(new URL(".", import.meta.url)),
  build: { ...screen.build, outDir: fileURLToPath(new URL("../../../dist/gallery", import.meta.url)) },
};
