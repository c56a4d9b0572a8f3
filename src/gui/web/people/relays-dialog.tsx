/** Relays of a group, or of one's account: how they are, which others were left of late, and changing them. */
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { ClientMethods, MemberView } from "../../../client/api.ts";
import type { GroupRelayView } from "../../../client/group-api.ts";
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

type Relays = ClientMethods["relays"][1];

interface RelayChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

interface GroupRelaysProps {
  readonly group: string;
  readonly mine: MemberView;
  readonly onClose: () => void;
}

/** Of a group: everybody sees them, admins change them. */
export function GroupRelaysDialog({ group, mine, onClose }: GroupRelaysProps) {
  const { model } = useScreen();
  const call = useCallback((change: RelayChange) => model.call("group-relays", { group, ...change }), [model, group]);
  return <RelaysDialog texts={peopleWords.relays} canChange={mine.role !== "member"} call={call} onClose={onClose} />;
}

/** Of one's own account: where one's mail is. */
export function OwnRelaysDialog({ onClose }: { readonly onClose: () => void }) {
  const { model } = useScreen();
  const call = useCallback((change: RelayChange) => model.call("relays", change), [model]);
  return <RelaysDialog texts={settingsWords.ownRelays} canChange call={call} onClose={onClose} />;
}

interface RelaysDialogProps {
  readonly texts: Readonly<Record<"open" | "lead" | "none", string>> & { readonly former: (date: string) => string };
  readonly canChange: boolean;
  /** Changes them, or only asks; answers those of then. */
  readonly call: (change: RelayChange) => Promise<Relays>;
  readonly onClose: () => void;
}

function RelaysDialog({ texts, canChange, call, onClose }: RelaysDialogProps) {
  const { toast } = useAnnouncer();
  const [relays, setRelays] = useState<Relays>();
  const [typed, setTyped] = useState("");
  const { busy, failure, run } = useAction();
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once, though `run` is another one with each drawing
  useEffect(() => {
    void run(() => call({}).then(setRelays));
  }, [call]);
  const change = (wanted: RelayChange) =>
    run(async () => {
      const answer = await call(wanted);
      setRelays(answer);
      toast(peopleWords.done[answer.state]);
    });
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await change({ add: [typed.trim()] })) setTyped("");
  };
  return (
    <Dialog title={texts.open} onClose={onClose}>
      <p className="soft">{texts.lead}</p>
      {relays?.relays.length === 0 && <p>{texts.none}</p>}
      <ul aria-busy={relays === undefined}>
        {relays?.relays.map((relay) => (
          <li key={relay.address} className="list-line">
            <RelayLine relay={relay} />
            {canChange && (
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
              {texts.former(fullWords(until))}
              <span className="mono one-line">{safeText(address)}</span>
            </span>
          </li>
        ))}
      </ul>
      <FailureNote failure={failure} />
      {canChange && (
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
