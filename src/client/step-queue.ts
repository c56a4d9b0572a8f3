/**
 * One input at a time: step, commit, perform.
 *
 * 1. Inputs are taken in order; up to BATCH_INPUTS_MAX share one commit, and no effect is performed before it.
 * 2. An input that ends in a fault leaves nothing behind; the others of its batch are committed.
 * 3. If a commit fails nothing of the batch has happened: every input of it is answered with that fault, and
 *    nothing is sent.
 * 4. After a delivery that could not be stored, those that wait behind it are refused too, with its fault: each moves
 *    the place from which its topic is read on, and that place must not pass what was lost. They are delivered again.
 * 5. The event loop gets a turn every TURN_MS, also where a step has asked for records. A commit of many deliveries has
 *    nearly a turn to itself, since it may block for as long as the disk takes.
 * 6. Reports wait for what has come by then, for REPORTS_WAIT_MS at most: who catches up says once what it has, not in between.
 */
import type { Primitives } from "../crypto/primitives.ts";
import type { Effect, Work } from "../protocol/effects.ts";
import { type Answer, type Input, step } from "../protocol/machine.ts";
import { ENTROPY_BYTES, encodeDepth, entropyStream, type Need, newDraft } from "../protocol/step.ts";
import { Fault, isFault } from "../wire/fault.ts";
import { answerFor, type Joined, joinSends } from "./bursts.ts";
import type { Clock, RandomBytes } from "./ports/clock.ts";
import type { ProfileStore } from "./ports/profile.ts";

/** Inputs that share one commit: bounds what one power cut can undo, and the wait of the first. */
const BATCH_INPUTS_MAX = 256;
/** Deliveries among them: what 64 messages of many groups change takes some 16 ms to commit, and nothing else runs then. */
const BATCH_DELIVERIES_MAX = 64;
/** Ms of work after which others get a turn; the longest step is bounded by itself. */
const TURN_MS = 10;
/** Deliveries from which on a commit does not share a turn with steps of more than SHORT_TURN_MS before it. */
const LONG_COMMIT_DELIVERIES = 16;
const SHORT_TURN_MS = 3;
/** Ms for which a report waits for others: nobody is in a hurry to hear it, and each reads as much as a message. */
const REPORTS_WAIT_MS = 10_000;

export interface StepQueueDependencies {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Called after each commit with everything that its inputs caused. */
  readonly perform: (effects: readonly Effect[]) => void;
}

interface Waiting {
  readonly input: Input;
  readonly sinceMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** The client's only way to change the profile. */
export interface StepQueue {
  /** Resolves when the input is committed. */
  readonly put: (input: Input) => Promise<Answer>;
  /** Resolves when nothing is under way. Further inputs are refused. */
  readonly close: () => Promise<void>;
}

/** What the inputs of one batch have changed so far. */
interface Batch {
  readonly written: Map<string, Uint8Array | null>;
  readonly loaded: Map<string, Uint8Array | null>;
  readonly lines: Work["lines"];
  readonly removedLines: Work["removedLines"];
  readonly lineStates: Work["lineStates"];
  readonly effects: Effect[];
  readonly done: { readonly waiting: Waiting; readonly answer: Answer }[];
  /** Why a delivery could not be stored. */
  lost: unknown;
}

export function createStepQueue(dependencies: StepQueueDependencies): StepQueue {
  const { clock } = dependencies;
  const queue: Waiting[] = [];
  const reports: Waiting[] = [];
  let running: Promise<void> | undefined;
  let closed = false;
  const run = async (): Promise<void> => {
    const turn = turnsOf(clock);
    while (queue.length + reports.length > 0) {
      const areReportsDue = queue.length === 0 || (reports[0]?.sinceMs ?? Infinity) <= clock.nowMs() - REPORTS_WAIT_MS;
      if (areReportsDue) queue.unshift(...reports.splice(0, BATCH_INPUTS_MAX));
      const lost = await runBatch(dependencies, queue.splice(0, batchLength(queue)), turn);
      if (lost !== undefined) queue.splice(0, queue.length, ...withoutDeliveries(queue, lost));
      if (queue.length > 0) await turn();
    }
    running = undefined;
  };
  return {
    put: (input) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Fault("network/closed", "the program is closing"));
        const isReport = input.kind === "tick" && input.report !== undefined;
        (isReport ? reports : queue).push({ input, sinceMs: clock.nowMs(), resolve, reject });
        running ??= Promise.resolve().then(run);
      }),
    close: async () => {
      closed = true;
      await running;
    },
  };
}

/** How many of those that wait share the next commit. */
function batchLength(queue: readonly Waiting[]): number {
  let deliveries = 0;
  const next = queue.slice(0, BATCH_INPUTS_MAX);
  const tooMany = next.findIndex(({ input }) => input.kind === "delivered" && ++deliveries > BATCH_DELIVERIES_MAX);
  return tooMany === -1 ? next.length : tooMany;
}

/** The others; deliveries are answered with that fault. */
function withoutDeliveries(queue: readonly Waiting[], lost: unknown): readonly Waiting[] {
  for (const { input, reject } of queue) if (input.kind === "delivered") reject(lost);
  return queue.filter(({ input }) => input.kind !== "delivered");
}

/** Gives the event loop a turn if the last one was TURN_MS ago, or so many ms. */
type Turn = (afterMs?: number) => Promise<void>;

function turnsOf(clock: Clock): Turn {
  let beganMs = clock.nowMs();
  return async (afterMs = TURN_MS) => {
    if (clock.nowMs() < beganMs + afterMs) return;
    await new Promise<void>((resolve) => clock.after(0, resolve));
    beganMs = clock.nowMs();
  };
}

/** Answers why a delivery could not be stored, undefined when all were. */
async function runBatch(dependencies: StepQueueDependencies, inputs: readonly Waiting[], turn: Turn): Promise<unknown> {
  const batch: Batch = {
    written: new Map(),
    loaded: new Map(),
    lines: [],
    removedLines: [],
    lineStates: [],
    effects: [],
    done: [],
    lost: undefined,
  };
  for (const joined of joinSends(inputs)) {
    const isRefused = batch.lost !== undefined && joined.input.kind === "delivered";
    if (isRefused) withoutDeliveries(joined.waiting, batch.lost);
    else await runOne(dependencies, batch, joined, turn);
    await turn();
  }
  const deliveries = batch.done.filter(({ waiting }) => waiting.input.kind === "delivered").length;
  if (deliveries >= LONG_COMMIT_DELIVERIES) await turn(SHORT_TURN_MS);
  await commit(dependencies, batch);
  return batch.lost;
}

async function commit({ store, perform }: StepQueueDependencies, batch: Batch): Promise<void> {
  const { written: records, lines, removedLines, lineStates, done } = batch;
  const kept = batch.effects.flatMap((each) => (each.kind === "keep" ? [each.envelope] : []));
  try {
    if (records.size + lines.length + removedLines.length + lineStates.length + kept.length > 0)
      await store.commit({ records, lines, removedLines, lineStates, kept });
  } catch (error) {
    for (const { waiting } of done) waiting.reject(error);
    if (done.some(({ waiting }) => waiting.input.kind === "delivered")) batch.lost = error;
    return;
  }
  perform(batch.effects);
  for (const { waiting, answer } of done) waiting.resolve(answer);
}

/** Runs one input over what the batch has changed so far; a fault drops what this input did. Joined ones are then tried each alone. */
async function runOne(
  dependencies: StepQueueDependencies,
  batch: Batch,
  { input, waiting }: Joined<Waiting>,
  turn: Turn,
): Promise<void> {
  const { primitives: p, clock, random, store } = dependencies;
  const entropy = entropyStream(p, random(ENTROPY_BYTES));
  const work: Work = newDraft({ p, nowMs: clock.nowMs(), random: entropy, loaded: batch.loaded });
  try {
    const answer = await drive(store, batch, step(work, input), turn);
    merge(batch, work);
    for (const [i, each] of waiting.entries()) batch.done.push({ waiting: each, answer: answerFor(answer, i) });
  } catch (error) {
    if (input.kind === "delivered" && isFault(error) && error.code.startsWith("storage/")) batch.lost = error;
    const [first, ...others] = waiting;
    if (others.length === 0) return first?.reject(error);
    for (const each of waiting) await runOne(dependencies, batch, { input: each.input, waiting: [each] }, turn);
  }
}

async function drive(store: ProfileStore, batch: Batch, running: ReturnType<typeof step>, turn: Turn): Promise<Answer> {
  let next = running.next();
  while (!next.done) {
    const found = await supply(store, batch, next.value);
    await turn(); // a step that reads much is no reason to hold up the network
    next = running.next(found);
  }
  return next.value;
}

/** Records that a step lacks: from the batch if an earlier input wrote them, else from the store. */
async function supply(store: ProfileStore, batch: Batch, need: Need): Promise<ReadonlyMap<string, Uint8Array>> {
  if (need.kind === "line-depth") return await depthOfLine(store, need, batch);
  if (need.kind === "keys") {
    const ahead = need.keys.filter((key) => batch.written.has(key));
    const found = new Map(await loadOthers(store, need.keys, batch));
    for (const key of ahead) {
      const value = batch.written.get(key);
      if (value) found.set(key, value);
    }
    return found;
  }
  const { limit, isCount = false } = need;
  const found = new Map(await store.scan(need.prefix, { limit, isCount }));
  for (const [key, value] of batch.written) {
    if (!key.startsWith(need.prefix)) continue;
    if (value) found.set(key, value);
    else found.delete(key);
  }
  return found;
}

async function depthOfLine(
  store: ProfileStore,
  { group, id }: Extract<Need, { kind: "line-depth" }>,
  { lines }: Batch,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const ahead = lines.find((line) => line.id === id && line.group === group)?.depth;
  const depth = ahead ?? (await store.lineDepth(group, id));
  return depth === undefined ? new Map() : new Map([[id, encodeDepth(depth)]]);
}

async function loadOthers(store: ProfileStore, keys: readonly string[], batch: Batch) {
  const absent = keys.filter((key) => !batch.written.has(key));
  return absent.length === 0 ? [] : await store.load(absent);
}

function merge(batch: Batch, work: Work): void {
  for (const [key, value] of work.written) {
    batch.written.set(key, value);
    batch.loaded.set(key, value);
  }
  batch.lines.push(...work.lines);
  batch.removedLines.push(...work.removedLines);
  batch.lineStates.push(...work.lineStates);
  batch.effects.push(...work.effects);
}
