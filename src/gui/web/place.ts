/** Where somebody is in the screen, as the address says it: so that "back", reload and several tabs do what one expects. */
import { useSyncExternalStore } from "react";

export type Panel = "people" | "search" | "files";

export type Place =
  | { readonly kind: "groups" }
  | { readonly kind: "settings" }
  | { readonly kind: "warnings" }
  /** `at`: a message to be shown. */
  | { readonly kind: "group"; readonly group: string; readonly panel?: Panel | undefined; readonly at?: string };

const PANELS: readonly string[] = ["people", "search", "files"];

/** The fragment of an address; "#" first. */
export function placeAddress(place: Place): string {
  if (place.kind === "groups") return "#/";
  if (place.kind !== "group") return `#/${place.kind}`;
  return `#/group/${place.group}${place.panel ? `/${place.panel}` : ""}${place.at ? `?at=${place.at}` : ""}`;
}

/** Where a fragment leads; anything unknown is the list of groups. */
export function placeOf(fragment: string): Place {
  const [path = "", query = ""] = fragment.split("?");
  const [, first, group, panel] = path.split("/");
  if (first === "settings" || first === "warnings") return { kind: first };
  if (first !== "group" || !group || !/^[0-9a-f]+$/.test(group)) return { kind: "groups" };
  const at = /^at=([0-9a-f]+)$/.exec(query)?.[1];
  const shown = panel && PANELS.includes(panel) ? { panel: panel as Panel } : {};
  return { kind: "group", group, ...shown, ...(at ? { at } : {}) };
}

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
};

/** The present fragment; `placeOf` reads it. */
export const useFragment = (): string => useSyncExternalStore(subscribe, () => window.location.hash);

/** Goes somewhere; `instead`: "back" does not come here again. */
export function go(place: Place, options: { readonly instead?: true } = {}): void {
  const address = placeAddress(place);
  if (address === window.location.hash) return;
  if (!options.instead) {
    window.location.hash = address;
    return;
  }
  window.history.replaceState(null, "", address);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
