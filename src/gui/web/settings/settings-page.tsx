/** Settings, one sheet each. */
import { sizeWords } from "../clock-words.ts";
import { failureOf, failureText } from "../failures.ts";
import { Choice } from "../parts/field.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { settingsWords } from "../people-words.ts";
import { useScreen, useView } from "../screen-context.ts";
import { LeaveSheet, YouSheet } from "./account-sheet.tsx";
import { useAnswer } from "./answer.ts";
import { DevicesSheet } from "./devices-sheet.tsx";
import { NetworkSheet } from "./network-sheet.tsx";
import { SecuritySheet } from "./security-sheet.tsx";

export function SettingsPage() {
  return (
    <>
      <PageHead title={settingsWords.title} />
      <div className="page-scroll">
        <div className="page">
          <YouSheet />
          <LookSheet />
          <NetworkSheet />
          <SecuritySheet />
          <DevicesSheet />
          <StorageSheet />
          <LeaveSheet />
        </div>
      </div>
    </>
  );
}

function LookSheet() {
  const { model } = useScreen();
  const { theme, textSize, enterSends } = useView((state) => state.preferences);
  return (
    <section className="sheet">
      <h2>{settingsWords.look}</h2>
      <Choice
        label={settingsWords.theme}
        value={theme}
        options={settingsWords.themes}
        onPick={(next) => model.setPreferences({ theme: next })}
      />
      <Choice
        label={settingsWords.textSize}
        value={textSize}
        options={settingsWords.textSizes}
        onPick={(next) => model.setPreferences({ textSize: next })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={enterSends}
          onChange={(event) => model.setPreferences({ enterSends: event.currentTarget.checked })}
        />
        {settingsWords.enterSends}
      </label>
    </section>
  );
}

function StorageSheet() {
  const directory = useView((state) => state.directory);
  const { answer, failure } = useAnswer("storage", {});
  return (
    <section className="sheet">
      <h2>{settingsWords.storage}</h2>
      <dl className="facts">
        {answer && (
          <>
            <dt>{settingsWords.database}</dt>
            <dd>{sizeWords(answer.databaseBytes)}</dd>
            <dt>{settingsWords.files}</dt>
            <dd>{sizeWords(answer.filesBytes)}</dd>
          </>
        )}
        <dt>{settingsWords.directory}</dt>
        <dd className="mono">{directory}</dd>
      </dl>
      {failure && <p className="soft">{failureText(failureOf(failure))}</p>}
    </section>
  );
}
