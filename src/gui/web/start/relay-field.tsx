/** The address of a relay, and whether something answers there. */
import { useEffect, useState } from "react";
import type { RelayView } from "../../../client/relay-api.ts";
import { sentence } from "../failures.ts";
import { TextField } from "../parts/field.tsx";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";

/** Pause in typing after which an address is tried (ms). */
const PAUSE_MS = 600;

type Trial = { readonly state: RelayView["state"]; readonly reason?: string };
/** How the dot beside a relay looks. */
export const RELAY_DOTS = { connecting: "warn", connected: "good", unreachable: "danger", refused: "danger" } as const;

interface RelayFieldProps {
  /** Left out: of a new profile's relay, with the hint for that. */
  readonly label?: string;
  readonly value: string;
  readonly onText: (text: string) => void;
}

export function RelayField({ label, value, onText }: RelayFieldProps) {
  const { model } = useScreen();
  const address = value.trim();
  const [trial, setTrial] = useState<Trial>();
  useEffect(() => {
    setTrial(undefined);
    if (address === "") return undefined;
    let current = true;
    const timer = setTimeout(() => {
      setTrial({ state: "connecting" });
      model
        .call("relay-try", { address })
        .catch((error: { message?: string }) => ({ state: "unreachable" as const, reason: error.message ?? "" }))
        .then((answer) => current && setTrial(answer));
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [address, model]);
  return (
    <div className="field">
      <TextField
        label={label ?? words.start.relay}
        hint={label === undefined && words.start.relayHint}
        value={value}
        onText={onText}
        spellCheck={false}
        autoComplete="off"
        placeholder={words.start.relayForm}
      />
      <div className="small relay-state" role="status">
        {trial && (
          <>
            <span className={`dot ${RELAY_DOTS[trial.state]}`} />
            <span className="foreign">
              {trial.state === "refused" && trial.reason
                ? sentence(trial.reason)
                : words.start.relayStates[trial.state]}
            </span>
          </>
        )}
      </div>
    </div>
  );
}
