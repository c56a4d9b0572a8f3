import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frameDecoder } from "../../src/net/frame-decoder.ts";
import { createFrameRooms } from "../../src/net/frame-rooms.ts";
import { withLength } from "../../src/net/frame-stream.ts";
import { CHUNK_MAX_BYTES, FRAME_MAX_BYTES } from "../../src/wire/limits.ts";

/** The frames of these bytes, which come in pieces of 60,000. */
function framesOf(decoder: ReturnType<typeof frameDecoder>, bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 60_000) {
    decoder.push(bytes.subarray(at, at + 60_000));
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next())
      frames.push(frame === "malformed" ? assert.fail() : frame);
  }
  return frames;
}

const large = (fill: number): Uint8Array => new Uint8Array(CHUNK_MAX_BYTES + 10).fill(fill);

describe("rooms for large frames", () => {
  it("give frames as they were sent, and the same memory again once it came back", () => {
    const rooms = createFrameRooms();
    const decoder = frameDecoder(rooms);
    const [first = assert.fail(), small, second = assert.fail()] = framesOf(
      decoder,
      Buffer.concat([withLength(large(1)), withLength(Uint8Array.of(7)), withLength(large(2))]),
    );
    assert.deepEqual([first, small?.[0], second], [large(1), 7, large(2)]);
    assert.notEqual(first.buffer, second.buffer, "nobody has given the first back");
    rooms.give(first.subarray(5));
    const [third = assert.fail()] = framesOf(decoder, withLength(large(3)));
    assert.equal(third.buffer, first.buffer);
    assert.deepEqual([second, third], [large(2), large(3)]);
  });

  it("are lent once at a time: what comes back twice, or was never lent, changes nothing", () => {
    const rooms = createFrameRooms();
    const lent = rooms.take(1_000) ?? assert.fail();
    for (const part of [lent, lent, new Uint8Array(300_000)]) rooms.give(part);
    const [again, other] = [rooms.take(1_000), rooms.take(1_000)];
    assert.equal(again?.buffer, lent.buffer);
    assert.notEqual(other?.buffer, lent.buffer);
    assert.equal(rooms.take(FRAME_MAX_BYTES), undefined, "larger frames get memory of their own");
  });

  it("are kept in a small number", () => {
    const rooms = createFrameRooms();
    const many = Array.from({ length: 100 }, () => rooms.take(1_000) ?? assert.fail());
    for (const each of many) rooms.give(each);
    const known = new Set(many.map(({ buffer }) => buffer));
    const again = Array.from({ length: 100 }, () => rooms.take(1_000));
    assert.equal(again.filter((each) => each && known.has(each.buffer)).length, 8);
  });
});
