/** The mark of people whom one has verified. */
import { peopleWords } from "../people-words.ts";
import { Icon } from "./icon.tsx";

export function VerifiedMark() {
  return (
    <span className="verified" role="img" aria-label={peopleWords.verified} title={peopleWords.verified}>
      <Icon name="shield" />
    </span>
  );
}
