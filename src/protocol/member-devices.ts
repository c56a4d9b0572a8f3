/** Devices that really belong to the account that names them. */
import { checkDeviceCertificate } from "../crypto/device-certificate.ts";
import type { Primitives } from "../crypto/primitives.ts";
import type { MemberDevice } from "../wire/entry.ts";
import type { AccountKey } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";

/** Every device is certified by the account, and none stands twice. */
export function hasGenuineDevices(
  p: Primitives,
  { account, devices }: { readonly account: AccountKey; readonly devices: readonly MemberDevice[] },
): boolean {
  const distinct = new Set(devices.map((each) => toHex(each.device)));
  if (distinct.size !== devices.length) return false;
  return devices.every(
    ({ device, certificate }) => checkDeviceCertificate(p, { account, device, signature: certificate }) === "valid",
  );
}
