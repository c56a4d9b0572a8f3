/** Shows the screen over a written state: index.html?screen=NAME, with the fragment as the place. */
import { createRoot } from "react-dom/client";
import { App } from "../../../src/gui/web/app.tsx";
import { ScreenContext } from "../../../src/gui/web/screen-context.ts";
import "../../../src/gui/web/styles/index.css";
import { STATES } from "./states.ts";
import { createStillModel } from "./still-model.ts";

const THEMES = ["light", "dark", "system"] as const;
const query = new URLSearchParams(location.search);
const state = STATES[query.get("screen") ?? "home"];
if (!state) throw new Error("no such screen");
const theme = THEMES.find((each) => each === query.get("theme")) ?? "light";
const shown = { ...state, preferences: { ...state.preferences, theme } };
const screen = {
  model: createStillModel(shown),
  files: {
    upload: () => Promise.reject({ code: "usage/not-allowed", message: "nothing is sent from a gallery" }),
    fileAddress: () => "/nowhere",
  },
};
const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <ScreenContext value={screen}>
      <App />
    </ScreenContext>,
  );
