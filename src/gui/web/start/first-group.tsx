/** The last step of the first run: a group of one's own, or a link. */
import { CreateGroupForm, JoinForm } from "../groups/group-forms.tsx";
import { Button } from "../parts/button.tsx";
import { go } from "../place.ts";
import { words } from "../words.ts";
import { StartSheet } from "./start-sheet.tsx";

export function FirstGroup({ onDone }: { readonly onDone: () => void }) {
  const open = (group: string) => {
    go({ kind: "group", group });
    onDone();
  };
  return (
    <StartSheet title={words.begin.title} lead={words.begin.lead} step={words.start.step(3, 3)}>
      <CreateGroupForm onCreated={open} />
      <div className="or" />
      <JoinForm onJoined={open} />
      <Button look="quiet" onClick={onDone}>
        {words.begin.later}
      </Button>
    </StartSheet>
  );
}
