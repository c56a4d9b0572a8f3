/** Shows the screen over a written state: index.html?screen=NAME, with the fragment as the place. */
import { createRoot } from "react-dom/client";
import { App } from "../../../src/gui/web/app.tsx";
import { ScreenContext } from "../../../src/gui/web/screen-context.ts";
import "../../../src/gui/web/styles/index.css";
import { STATES } from "./states.ts";
import { createStillModel } from "./still-model.ts";

const query = new URLSearchParams(location.search);
const state = STATES[query.get("screen") ?? "home"];
if (!state) throw new Error("no such screen");
const theme = query.get("theme") === "dark" ? "dark" : "light";
const shown = { ...state, preferences: { ...state.preferences, theme } as const };
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
