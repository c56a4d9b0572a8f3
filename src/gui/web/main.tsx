/** The start of the web screen in a browser. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { createScreenLink } from "./link/screen-link.ts";
import { ScreenContext } from "./screen-context.ts";
import "./styles/index.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const screen = await createScreenLink();
createRoot(root).render(
  <StrictMode>
    <ScreenContext value={screen}>
      <App />
    </ScreenContext>
  </StrictMode>,
);
