/** Comparing fingerprints: by digits, or by a code that is the same on both screens. */
import { useEffect, useState } from "react";
import type { ClientMethods, MemberView } from "../../../client/api.ts";
import { nameWords } from "../clock-words.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { FailureNote, Note } from "../parts/note.tsx";
import { QrCode } from "../parts/qr-code.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { peopleWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";

interface VerifySheetProps {
  readonly group: string;
  readonly member: MemberView;
  readonly onDone: () => void;
}

export function Digits({ fingerprint }: { readonly fingerprint: string }) {
  return (
    <div className="digits" translate="no">
      {fingerprint.split(" ").map((digits, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: groups may be equal, and their order never changes
        <span key={place}>{digits}</span>
      ))}
    </div>
  );
}

export function VerifySheet({ group, member, onDone }: VerifySheetProps) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const [pair, setPair] = useState<ClientMethods["verify"][1]>();
  const [compare, setCompare] = useState("");
  const [differ, setDiffer] = useState(false);
  const { busy, failure, run } = useAction();
  const name = nameWords(member.name, member.account);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for each member
  useEffect(() => {
    void run(async () => setPair(await model.call("verify", { group, member: member.account })));
  }, [group, member.account]);
  const mark = (next: "verified" | "unverified") =>
    void run(async () => {
      const scanned = next === "verified" && compare.trim() !== "" ? { compare: compare.trim() } : {};
      await model.call("verify", { group, member: member.account, mark: next, ...scanned });
      if (next === "verified") toast(peopleWords.verify.done(name));
      onDone();
    });
  if (!pair) return failure ? <FailureNote failure={failure} /> : <p className="soft">{words.loading}</p>;
  return (
    <>
      <p>{peopleWords.verify.lead(name)}</p>
      <div className="verify-grid">
        <div className="stack">
          <section className="stack tight">
            <h3 className="foreign">{peopleWords.verify.theirs(name)}</h3>
            <Digits fingerprint={pair.member.fingerprint} />
          </section>
          <section className="stack tight">
            <h3>{peopleWords.verify.yours}</h3>
            <Digits fingerprint={pair.me.fingerprint} />
          </section>
        </div>
        <QrCode text={pair.code} label={peopleWords.verify.qr} />
      </div>
      <TextField
        label={peopleWords.verify.scanned}
        value={compare}
        onText={setCompare}
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
      />
      <FailureNote failure={failure} />
      <div role="alert">
        {differ && (
          <Note look="danger" icon="warning">
            {peopleWords.verify.differText}
          </Note>
        )}
      </div>
      <div className="dialog-foot">
        {member.verified && (
          <Button look="quiet" onClick={() => mark("unverified")}>
            {peopleWords.verify.withdraw}
          </Button>
        )}
        <Button onClick={() => setDiffer(true)}>{peopleWords.verify.differ}</Button>
        <Button look="primary" busy={busy} onClick={() => mark("verified")}>
          {peopleWords.verify.same}
        </Button>
      </div>
    </>
  );
}
