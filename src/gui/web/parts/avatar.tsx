/** People and groups, told apart by a colour and a letter; a picture would be one more thing to trust. */
import { safeName } from "../../../client/view/safe-text.ts";

/** Hues in tokens.css. */
const HUES = 8;

/** The same for the same id, on all devices. */
export function hueOf(id: string): string {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return `hue-${sum % HUES}`;
}

interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly kind?: "group";
  readonly small?: true;
}

export function Avatar({ id, name, kind, small }: AvatarProps) {
  const letter = new Intl.Segmenter().segment(safeName(name))[Symbol.iterator]().next();
  const text = letter.done ? "?" : letter.value.segment.toLocaleUpperCase();
  return (
    <span className={["avatar", kind, small && "small", hueOf(id)].filter(Boolean).join(" ")} aria-hidden="true">
      {text}
    </span>
  );
}
