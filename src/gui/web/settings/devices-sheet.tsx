/** Devices of the account, and unlinking one. */
import { useState } from "react";
import type { DeviceView } from "../../../client/api.ts";
import { fullWords } from "../clock-words.ts";
import { useAction } from "../failures.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { FailureNote } from "../parts/note.tsx";
import { useAnnouncer } from "../parts/toasts.tsx";
import { peopleWords, settingsWords } from "../people-words.ts";
import { useScreen } from "../screen-context.ts";
import { words } from "../words.ts";
import { useAnswer } from "./answer.ts";

/** Digits of an id that tell devices apart. */
const ID_DIGITS = 8;

export function DevicesSheet() {
  const { answer, failure, again } = useAnswer("devices", {});
  const [leaving, setLeaving] = useState<DeviceView>();
  return (
    <section className="sheet">
      <h2>{settingsWords.devices}</h2>
      <FailureNote failure={failure} />
      <ul>
        {answer?.devices.map((device) => (
          <li key={device.device} className="list-line">
            <span className="grow">
              {device.current ? settingsWords.thisDevice : settingsWords.device(device.device.slice(0, ID_DIGITS))}
              <span className="soft small"> · {settingsWords.since(fullWords(device.since))}</span>
            </span>
            {device.unlinked && <span className="soft">{settingsWords.unlinked}</span>}
            {!device.current && !device.unlinked && (
              <Button small look="danger" onClick={() => setLeaving(device)}>
                {settingsWords.unlink}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {leaving && (
        <UnlinkDialog
          device={leaving}
          onClose={() => {
            setLeaving(undefined);
            again();
          }}
        />
      )}
    </section>
  );
}

function UnlinkDialog({ device, onClose }: { readonly device: DeviceView; readonly onClose: () => void }) {
  const { model } = useScreen();
  const { toast } = useAnnouncer();
  const { busy, failure, run } = useAction();
  const unlink = () =>
    void run(async () => {
      const { state } = await model.call("device-unlink", { device: device.device });
      toast(peopleWords.done[state]);
      onClose();
    });
  return (
    <Dialog title={settingsWords.unlinkTitle} onClose={onClose}>
      <p>{settingsWords.unlinkText}</p>
      <FailureNote failure={failure} />
      <div className="dialog-foot">
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button look="danger" busy={busy} onClick={unlink}>
          {settingsWords.unlink}
        </Button>
      </div>
    </Dialog>
  );
}
