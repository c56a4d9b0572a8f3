import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Place, placeAddress, placeOf } from "../../../src/gui/web/place.ts";

const GROUP = "0123abcd";

describe("places of the web screen", () => {
  it("are what their addresses say", () => {
    const places: readonly Place[] = [
      { kind: "groups" },
      { kind: "settings" },
      { kind: "warnings" },
      { kind: "group", group: GROUP },
      { kind: "group", group: GROUP, panel: "people" },
      { kind: "group", group: GROUP, panel: "search", at: "ff00" },
    ];
    for (const place of places) assert.deepEqual(placeOf(placeAddress(place)), place);
  });

  it("are the list of groups for anything else, and never what somebody has put into a link", () => {
    for (const fragment of [
      "",
      "#",
      "#/nowhere",
      "#/group/",
      "#/group/<script>",
      "#/group/../settings",
      "#enter=abc",
    ]) {
      assert.deepEqual(placeOf(fragment), { kind: "groups" }, fragment);
    }
    assert.deepEqual(placeOf(`#/group/${GROUP}/other?at=<b>`), { kind: "group", group: GROUP });
  });
});
