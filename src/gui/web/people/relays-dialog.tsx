/** The relays of a group: how they are, which others it has just left; admins change them. */
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { MemberView } from "../../../client/api.ts";
import type { GroupMethods, GroupRelayView } from "../../../client/group-api.ts";
import { safeText } from "../../../client/view/safe-text.ts";
import { fullWords } from "../clock-words.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { peopleWords, settingsWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";
import { RELAY_DOTS, RelayField } from "../start/relay-field.tsx";

type Relays = GroupMethods["group-relays"][1];

interface RelaysDialogProps {
  readonly group: string;
  readonly mine: MemberView;
  readonly onClose: () => void;
}

export function RelaysDialog({ group, mine, onClose }: RelaysDialogProps) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const [relays, setRelays] = useState<Relays>();
  const [typed, setTyped] = useState("");
  const { busy, failure, run } = useAction();
  const isAdmin = mine.role !== "member";
  const ask = useCallback(() => model.call("group-relays", { group }).then(setRelays), [model, group]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for each group
  useEffect(() => {
    void run(ask);
  }, [ask]);
  const change = (params: { readonly add?: readonly string[]; readonly remove?: readonly string[] }) =>
    run(async () => {
      const answer = await model.call("group-relays", { group, ...params });
      setRelays(answer);
      toast(peopleWords.done[answer.state]);
    });
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await change({ add: [typed.trim()] })) setTyped("");
  };
  return (
    <Dialog title={peopleWords.relays.open} onClose={onClose}>
      <p className="soft">{peopleWords.relays.lead}</p>
      {relays?.relays.length === 0 && <p>{peopleWords.relays.none}</p>}
      <ul aria-busy={relays === undefined}>
        {relays?.relays.map((relay) => (
          <li key={relay.address} className="list-line">
            <RelayLine relay={relay} />
            {isAdmin && (
              <Button
                small
                busy={busy}
                aria-label={peopleWords.relays.removeLabel(safeText(relay.address))}
                onClick={() => void change({ remove: [relay.address] })}
              >
                {peopleWords.relays.remove}
              </Button>
            )}
          </li>
        ))}
        {relays?.former.map(({ address, until }) => (
          <li key={address} className="list-line">
            <span className="grow soft">
              {peopleWords.relays.former(fullWords(until))}
              <span className="mono one-line">{safeText(address)}</span>
            </span>
          </li>
        ))}
      </ul>
      <FailureNote failure={failure} />
      {isAdmin && (
        <form className="stack" onSubmit={(event) => void add(event)}>
          <RelayField label={peopleWords.relays.add} value={typed} onText={setTyped} />
          <div className="row">
            <Button type="submit" busy={busy} disabled={typed.trim() === ""}>
              {peopleWords.relays.add}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function RelayLine({ relay: { address, state, since } }: { readonly relay: GroupRelayView }) {
  return (
    <>
      <span className={`dot ${state ? RELAY_DOTS[state] : ""}`} />
      <span className="grow">
        {state ? settingsWords.relayStates[state] : peopleWords.relays.unknown}{" "}
        {since && settingsWords.since(fullWords(since))}
        <span className="mono soft one-line" title={safeText(address)}>
          {safeText(address)}
        </span>
      </span>
    </>
  );
}
