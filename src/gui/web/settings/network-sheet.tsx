/** Relays and people: who is reached how, and since when. */
import { useEffect, useState } from "react";
import type { GroupName } from "../../../client/api.ts";
import type { RelayUse } from "../../../client/relay-api.ts";
import { safeText } from "../../../client/view/safe-text.ts";
import { fullWords, nameWords } from "../clock-words.ts";
import { sentence } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { OwnRelaysDialog } from "../people/relays-dialog.tsx";
import { settingsWords } from "../people-words.ts";
import { useView } from "../screen-context.ts";
import { RELAY_DOTS } from "../start/relay-field.tsx";
import { useAnswer } from "./answer.ts";

export function NetworkSheet() {
  const relays = useView((state) => state.relays);
  const peers = useView((state) => state.peers);
  const outbox = useView((state) => state.outbox);
  const [changing, setChanging] = useState(false);
  const { answer, again } = useAnswer("status", {});
  // What each relay is there for is asked for when one has changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when a relay has changed
  useEffect(again, [relays]);
  return (
    <section className="sheet">
      <h2>{settingsWords.network}</h2>
      <div>
        <div className="row apart">
          <h3>{settingsWords.relays}</h3>
          <Button small onClick={() => setChanging(true)}>
            {settingsWords.ownRelays.open}
          </Button>
        </div>
        {changing && <OwnRelaysDialog onClose={() => setChanging(false)} />}
        {relays.length === 0 && <p className="soft">{settingsWords.relayNone}</p>}
        <ul>
          {relays.map((relay) => (
            <li key={relay.address} className="list-line">
              <span className={`dot ${RELAY_DOTS[relay.state]}`} />
              <span className="grow">
                {settingsWords.relayStates[relay.state]} {settingsWords.since(fullWords(relay.since))}
                <RelayPurpose use={answer?.relays.find(({ address }) => address === relay.address)} />
                <span className="mono soft one-line" title={relay.address}>
                  {safeText(relay.address)}
                </span>
                {relay.reason && <span className="soft small foreign">{sentence(safeText(relay.reason))}</span>}
              </span>
            </li>
          ))}
        </ul>
      </div>
      <div>
        <h3>{settingsWords.people}</h3>
        {peers.length === 0 && <p className="soft">{settingsWords.peopleNone}</p>}
        <ul>
          {peers.map(({ peerId, path, since }) => (
            <li key={peerId} className="list-line">
              <span className="dot good" />
              <span className="grow">
                {settingsWords[path]} {settingsWords.since(fullWords(since))}
                <span className="mono soft one-line">{peerId}</span>
              </span>
            </li>
          ))}
        </ul>
      </div>
      <dl className="facts">
        <dt>{settingsWords.outbox}</dt>
        <dd>{outbox === 0 ? settingsWords.outboxNone : settingsWords.outboxSome(outbox)}</dd>
      </dl>
    </section>
  );
}

function RelayPurpose({ use }: { readonly use: RelayUse | undefined }) {
  if (!use) return null;
  const names = (groups: readonly GroupName[]) => groups.map(({ name, id }) => nameWords(name, id)).join(", ");
  const purposes = [
    use.own ? settingsWords.own : undefined,
    use.serves.length > 0 ? settingsWords.serves(names(use.serves)) : undefined,
    use.formerly.length > 0 ? settingsWords.formerly(names(use.formerly)) : undefined,
  ].filter(Boolean);
  return <span className="soft small foreign"> · {purposes.join(" · ")}</span>;
}
