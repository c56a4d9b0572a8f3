/** The first minutes: an account, its recovery words, and a first group. */
import { useState } from "react";
import { AccountForm } from "./account-form.tsx";
import { FirstGroup } from "./first-group.tsx";
import { RecoveryStep } from "./recovery-step.tsx";
import { RestoreForm } from "./restore-form.tsx";

type Step =
  | { readonly kind: "account" }
  | { readonly kind: "restore" }
  | { readonly kind: "recovery"; readonly recoveryWords: string }
  | { readonly kind: "group" };

/** `onBegin` comes before the profile is there, which would end this page otherwise; `onDone` at its end. */
export function FirstRun({ onBegin, onDone }: { readonly onBegin: () => void; readonly onDone: () => void }) {
  const [step, setStep] = useState<Step>({ kind: "account" });
  switch (step.kind) {
    case "account":
      return (
        <AccountForm
          onBegin={onBegin}
          onCreated={(recoveryWords) => setStep({ kind: "recovery", recoveryWords })}
          onRestore={() => setStep({ kind: "restore" })}
        />
      );
    case "restore":
      return <RestoreForm onBegin={onBegin} onRestored={onDone} onBack={() => setStep({ kind: "account" })} />;
    case "recovery":
      return <RecoveryStep recoveryWords={step.recoveryWords} onChecked={() => setStep({ kind: "group" })} />;
    case "group":
      return <FirstGroup onDone={onDone} />;
  }
}
