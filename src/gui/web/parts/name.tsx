/** Names that strangers chose, shown so that they can do no harm. */
import { nameWords } from "../clock-words.ts";

interface NameProps {
  readonly name: string;
  readonly id?: string;
  readonly oneLine?: true;
}

export function Name({ name, id, oneLine }: NameProps) {
  return <bdi className={oneLine ? "foreign one-line" : "foreign"}>{nameWords(name, id)}</bdi>;
}
