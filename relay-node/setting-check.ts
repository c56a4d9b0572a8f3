/**
 * Whether a value is right for a setting of the relay, as JSON, the environment or a flag has it.
 */
import { parseAddress } from "../src/net/multiaddr-text.ts";
import type { Setting } from "./settings.ts";

/** A value that is right, or what it must be instead. */
export type Checked =
  | { readonly kind: "right"; readonly value: unknown }
  | { readonly kind: "wrong"; readonly must: string };

const right = (value: unknown): Checked => ({ kind: "right", value });

const wrong = (must: string): Checked => ({ kind: "wrong", must });

/** Checks a value as JSON has it. */
export function checkValue(setting: Setting, value: unknown): Checked {
  switch (setting.kind) {
    case "integer": {
      const fits = Number.isSafeInteger(value) && Number(value) >= setting.min && Number(value) <= setting.max;
      return fits ? right(value) : wrong(`a whole number of ${setting.unit} from ${setting.min} to ${setting.max}`);
    }
    case "text": {
      const fits = typeof value === "string" && value.length >= setting.min && value.length <= setting.max;
      return fits ? right(value) : wrong(`a text of ${setting.min} to ${setting.max} characters`);
    }
    case "choice":
      return setting.choices.includes(String(value)) ? right(value) : wrong(`one of ${setting.choices.join(", ")}`);
    case "addresses": {
      const listed = Array.isArray(value) && value.length >= setting.min && value.length <= setting.max;
      const fits = listed && value.every(isTcpAddress);
      return fits
        ? right(value)
        : wrong(`${setting.min} to ${setting.max} TCP multiaddrs such as /ip4/0.0.0.0/tcp/33001`);
    }
  }
}

/** TCP is the one transport that clients have. */
function isTcpAddress(text: unknown): boolean {
  const [host, transport] = typeof text === "string" ? (parseAddress(text)?.getComponents() ?? []) : [];
  return /^(ip[46]|dns[46]?)$/.test(host?.name ?? "") && transport?.name === "tcp";
}

/** Checks the text of an environment variable, or the texts of a flag, one for each time it was given. */
export function checkTexts(setting: Setting, texts: readonly string[]): Checked {
  if (setting.kind === "addresses") {
    return checkValue(
      setting,
      texts.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== ""),
    );
  }
  const last = texts.at(-1) ?? "";
  if (setting.kind === "integer") return checkValue(setting, /^\d{1,15}$/.test(last) ? Number(last) : last);
  return checkValue(setting, last);
}
