/** What the saved profile `test/formats/profile-v3` holds beside what version 2 did: a count of devices. Written once, never again. */
import type { ProfileChanges } from "../../src/client/ports/profile.ts";
import { SAVED } from "./profile-v1.ts";

const [, , ours] = SAVED.lines;

/** Our line in it is known to be on two devices of three. */
export const DELIVERED: ProfileChanges["lineStates"][number] = {
  group: ours?.group ?? "",
  id: ours?.id ?? "",
  state: "delivered",
  delivery: { devices: 2, of: 3 },
};

export const SAVED_LINES_V3 = SAVED.lines.map((line) =>
  line.id === DELIVERED.id ? { ...line, state: DELIVERED.state, delivery: DELIVERED.delivery } : line,
);
