/** Which page is shown, as the profile stands. */
import { useEffect, useState } from "react";
import { Home } from "./home.tsx";
import { Toasts } from "./parts/toasts.tsx";
import { useScreen, useView } from "./screen-context.ts";
import { FirstRun } from "./start/first-run.tsx";
import { StartSheet } from "./start/start-sheet.tsx";
import { Unlock } from "./start/unlock.tsx";
import { words } from "./words.ts";

export function App() {
  useAppearance();
  useSavedInTime();
  return (
    <Toasts>
      <LostBanner />
      <Page />
    </Toasts>
  );
}

function Page() {
  const phase = useView((state) => state.phase);
  const [beginning, setBeginning] = useState(false);
  if (phase === "new" || (beginning && phase !== "locked" && phase !== "shut-out")) {
    return <FirstRun onBegin={() => setBeginning(true)} onDone={() => setBeginning(false)} />;
  }
  switch (phase) {
    case "connecting":
      return (
        <main className="splash" aria-busy="true">
          <span className="spinner" />
          <h1>{words.connecting}</h1>
        </main>
      );
    case "shut-out":
      return <StartSheet title={words.shutOut.title} lead={words.shutOut.text} />;
    case "locked":
      return <Unlock />;
    case "open":
      return <Home />;
  }
}

/** The process behind the page is gone. */
function LostBanner() {
  const isLost = useView(
    (state) => state.server === "lost" && state.phase !== "connecting" && state.phase !== "shut-out",
  );
  return (
    <div className="lost" role="alert">
      {isLost && (
        <p>
          <span className="spinner" /> {words.lost}
        </p>
      )}
    </div>
  );
}

/** What was typed or chosen a moment ago is saved before the page goes. */
function useSavedInTime(): void {
  const { model } = useScreen();
  useEffect(() => {
    document.addEventListener("visibilitychange", model.saveNow);
    window.addEventListener("pagehide", model.saveNow);
    return () => {
      document.removeEventListener("visibilitychange", model.saveNow);
      window.removeEventListener("pagehide", model.saveNow);
    };
  }, [model]);
}

/** Theme and text size, on the root so that the tokens follow; and how much is new, in the window's title. */
function useAppearance(): void {
  const { theme, textSize } = useView((state) => state.preferences);
  const unread = useView((state) => state.groups.reduce((sum, group) => sum + group.unread, 0));
  useEffect(() => {
    const root = document.documentElement;
    root.dataset["theme"] = theme;
    root.dataset["textSize"] = textSize;
  }, [theme, textSize]);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${words.app}` : words.app;
  }, [unread]);
}
