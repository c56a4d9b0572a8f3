import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type ChunkEnds, ChunkSession, type ChunkSessionContext } from "../../src/net/chunk-session.ts";
import { createFrameRooms } from "../../src/net/frame-rooms.ts";
import type { FrameStream } from "../../src/net/frame-stream.ts";
import { paceByKey } from "../../src/net/pace.ts";
import { gate, nextTurn } from "../../src/net/turn-gate.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { type ChunkRequest, encodeChunkRequest } from "../../src/wire/chunk-frames.ts";
import { topicKey } from "./topic-keys.ts";

const ENDS: ChunkEnds = { holderPeerId: new Uint8Array(38), openerPeerId: new Uint8Array(38), address: undefined };
const ANY = { perSecond: Number.MAX_SAFE_INTEGER, burst: Number.MAX_SAFE_INTEGER };

/** Sessions of one holder whose disk stands still until `go`. */
function standing() {
  let go: () => void = () => undefined;
  const going = new Promise<void>((resolve) => {
    go = resolve;
  });
  const context: ChunkSessionContext = {
    store: {
      ...{ has: async () => [], read: async () => undefined, release: async () => undefined },
      put: () => going.then(() => "stored"),
    },
    verifier: { ...nobleVerifier, verify: () => true },
    ...{ admit: undefined, own: undefined, pace: paceByKey(ANY), works: gate(32), rooms: createFrameRooms() },
    load: { requests: 0 },
    onEvent: () => undefined,
  };
  const { topic } = topicKey(1);
  const begin = () => {
    const frames = {
      ...{ isPaused: false, isWritable: () => true, send: () => undefined, abort: assert.fail },
      pause: () => Object.assign(frames, { isPaused: true }),
      resume: () => Object.assign(frames, { isPaused: false }),
    };
    const session = new ChunkSession(context, ENDS, frames as unknown as FrameStream);
    const say = (request: ChunkRequest): void => session.frame(encodeChunkRequest(request));
    say({ kind: "open", access: "", topic, signature: new Uint8Array(64) as never });
    /** Hands in until nothing more is read; answers how much that was. */
    const fill = (): number => {
      for (let id = 1; ; id++) {
        if (frames.isPaused) return id - 1;
        say({ kind: "put", id, chunk: new Uint8Array(16).fill(id) });
      }
    };
    return { frames, fill };
  };
  return { begin, go, context };
}

describe("streams on which chunks are handed in", () => {
  it("are read until they have 16 under way each, and 2 where all together have 64; then each goes on", async () => {
    const { begin, go, context } = standing();
    const sessions = Array.from({ length: 20 }, begin);
    assert.deepEqual(
      sessions.map(({ fill }) => fill()),
      [...Array(4).fill(16), ...Array(16).fill(2)],
    );
    go();
    while (context.load.requests > 0) await nextTurn();
    assert(sessions.every(({ frames }) => !frames.isPaused));
  });
});
