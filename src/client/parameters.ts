/** Parameters of calls that have to be within bounds; what is not is `usage/bad-argument`. */
import { Fault } from "../wire/fault.ts";

/** Characters of the longest room password: keeps a wrong file from becoming one. */
const PASSWORD_MAX = 1_024;

/** A whole number from 1 to `max`. */
export function wholeNumber(name: string, value: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw new Fault("usage/bad-argument", `${name} must be a whole number from 1 to ${max}`);
}

/** A room password that can be one. */
export function checkPassword(password: string): string {
  if (password !== "" && password.length <= PASSWORD_MAX) return password;
  throw new Fault("usage/bad-argument", `a room password has 1 to ${PASSWORD_MAX} characters`);
}
