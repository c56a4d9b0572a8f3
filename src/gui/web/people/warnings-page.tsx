/** Warnings: what happened, what it means, what to do; until somebody has read them. */
import { safeText } from "../../../client/view/safe-text.ts";
import type { WarningRow } from "../../../client/view/view-state.ts";
import { fullWords, nameWords } from "../clock-words.ts";
import { sentence } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { peopleWords, warningWords } from "../people-words.ts";
import { placeAddress } from "../place.ts";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";

export function WarningsPage() {
  const { model } = useScreen();
  const warnings = useView((state) => state.warnings);
  return (
    <>
      <PageHead title={warningWords.title}>
        {warnings.length > 1 && (
          <Button
            small
            onClick={() => {
              for (const { id } of warnings) model.dismissWarning(id);
            }}
          >
            {warningWords.dismissAll}
          </Button>
        )}
      </PageHead>
      <div className="page-scroll">
        <ul className="page">
          {warnings.length === 0 && <li className="soft">{warningWords.none}</li>}
          {warnings.map((warning) => (
            <li key={warning.id}>
              <WarningCard warning={warning} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function WarningCard({ warning }: { readonly warning: WarningRow }) {
  const { model } = useScreen();
  const { id, code, message, at, group, member, relay } = warning;
  const about = [
    member && warningWords.about(nameWords(member.name, member.account)),
    group && warningWords.inGroup(nameWords(group.name, group.id)),
  ];
  return (
    <article className="sheet warning-card">
      <div className="row">
        <Icon name="warning" />
        <h2 className="grow">{warningWords.titles[code] ?? warningWords.other}</h2>
        <time className="soft small" dateTime={at}>
          {fullWords(at)}
        </time>
      </div>
      {(group || member) && <p className="soft foreign">{about.filter(Boolean).join(" ")}</p>}
      {relay && <p className="soft mono foreign">{warningWords.relay(safeText(relay))}</p>}
      <p className="foreign">{sentence(warningWords.texts[code] ?? message)}</p>
      <div className="row">
        {group && (
          <a
            className="button small"
            href={placeAddress({ kind: "group", group: group.id, ...(member ? { panel: "people" } : {}) })}
          >
            {member ? peopleWords.title : warningWords.openGroup}
          </a>
        )}
        <Button small look="quiet" onClick={() => model.dismissWarning(id)}>
          {words.dismiss}
        </Button>
      </div>
    </article>
  );
}
