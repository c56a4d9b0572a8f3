/** The recovery words, shown once and asked back. */
import { type FormEvent, useState } from "react";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { Note } from "../parts/note.tsx";
import { words } from "../words.ts";
import { StartSheet } from "./start-sheet.tsx";

/** Words asked back: enough that nobody goes on without paper. */
const ASKED = 3;

/** Places (from 0) of the words that are asked, in order. */
function somePlaces(count: number): readonly number[] {
  const places = Array.from({ length: count }, (_, place) => place);
  const random = crypto.getRandomValues(new Uint32Array(count));
  const shuffled = places.sort((a, b) => (random[a] ?? 0) - (random[b] ?? 0));
  return shuffled.slice(0, ASKED).sort((a, b) => a - b);
}

export function RecoveryWords({ recoveryWords }: { readonly recoveryWords: string }) {
  return (
    <ol className="recovery-words" translate="no">
      {recoveryWords.split(" ").map((word, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: words may occur twice, and their order never changes
        <li key={place}>{word}</li>
      ))}
    </ol>
  );
}

interface RecoveryStepProps {
  readonly recoveryWords: string;
  readonly onChecked: () => void;
}

export function RecoveryStep({ recoveryWords, onChecked }: RecoveryStepProps) {
  const [checking, setChecking] = useState(false);
  if (checking) {
    return <RecoveryQuestions recoveryWords={recoveryWords} onChecked={onChecked} onBack={() => setChecking(false)} />;
  }
  return (
    <StartSheet title={words.recovery.title} lead={words.recovery.lead} step={words.start.step(2, 3)} wide>
      <RecoveryWords recoveryWords={recoveryWords} />
      <Button look="primary" onClick={() => setChecking(true)}>
        {words.recovery.written}
      </Button>
    </StartSheet>
  );
}

function RecoveryQuestions({ recoveryWords, onChecked, onBack }: RecoveryStepProps & { readonly onBack: () => void }) {
  const right = recoveryWords.split(" ");
  const [places] = useState(() => somePlaces(right.length));
  const [answers, setAnswers] = useState<Readonly<Record<number, string>>>({});
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isRight = places.every((place) => answers[place]?.trim().toLowerCase() === right[place]);
    setWrong(!isRight);
    if (isRight) onChecked();
  };
  return (
    <StartSheet title={words.recovery.checkTitle} lead={words.recovery.checkLead} step={words.start.step(2, 3)}>
      <form className="stack" onSubmit={submit}>
        {places.map((place) => (
          <TextField
            key={place}
            label={words.recovery.word(place + 1)}
            value={answers[place] ?? ""}
            onText={(text) => setAnswers((before) => ({ ...before, [place]: text }))}
            required
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="none"
          />
        ))}
        <div role="alert">{wrong && <Note look="danger">{words.recovery.wrong}</Note>}</div>
        <div className="start-actions">
          <Button look="primary" type="submit">
            {words.recovery.check}
          </Button>
          <Button look="quiet" onClick={onBack}>
            {words.back}
          </Button>
        </div>
      </form>
    </StartSheet>
  );
}
