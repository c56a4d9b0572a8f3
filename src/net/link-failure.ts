/** Why a relay is not there, as a state and a sentence for people. Never an address, a key or a stack. */
import type { RelayStatus } from "../client/ports/network.ts";
import { REFUSAL } from "../wire/topic-frames.ts";

/** How a connection to a relay ended or failed. */
export interface LinkFailure {
  readonly state: Extract<RelayStatus["state"], "unreachable" | "refused">;
  /** One sentence without a full stop's worth of jargon: cause, and what happens next where that is not obvious. */
  readonly reason: string;
}

/** A failure after which trying again later is all there is to do. */
export function unreachable(reason: string): LinkFailure {
  return { state: "unreachable", reason };
}

/** Somebody answered, and said no. */
export function refusedBecause(reason: string): LinkFailure {
  return { state: "refused", reason };
}

/** Nobody listens at the address. */
export const NOBODY_LISTENS = unreachable("the connection was refused: no relay is running at this address");

/** Nothing was heard for longer than a living end takes. */
export const GONE_SILENT = unreachable("the relay has gone silent");

/** Substrings of error names, codes and texts of libp2p and Node, most specific first. */
const KNOWN: readonly (readonly [pattern: RegExp, failure: LinkFailure])[] = [
  [
    /expected remote identity key|UnexpectedPeer/i,
    refusedBecause("another program answers at this address: its identity is not the one in the relay's address"),
  ],
  [/UnsupportedProtocol|protocol selection failed/i, refusedBecause("what answers at this address is no Hermes relay")],
  [/ECONNREFUSED/, NOBODY_LISTENS],
  [/ENOTFOUND|EAI_AGAIN|ENODATA/, unreachable("the name in the relay's address cannot be resolved")],
  [/EHOSTUNREACH|ENETUNREACH|ENETDOWN/, unreachable("there is no route to the relay: is this machine online?")],
  [/ECONNRESET|EPIPE|TCP transmission/, unreachable("the connection was cut")],
  [/NoValidAddresses/i, refusedBecause("this kind of address is not supported")],
  [/ETIMEDOUT|Timeout|aborted/i, unreachable("the relay did not answer in time")],
  [
    /EncryptionFailed|MuxerUnavailable|UnexpectedEOF|StreamClosed|StreamReset|ConnectionClosed/i,
    unreachable("the relay closed the connection while it was being set up"),
  ],
];

/** What a thrown error of a dial means. */
export function failureOf(error: unknown): LinkFailure {
  const text = describe(error, 0);
  return KNOWN.find(([pattern]) => pattern.test(text))?.[1] ?? unreachable("the relay cannot be reached");
}

/** Name, code and message of an error and of the errors inside it. */
function describe(error: unknown, depth: number): string {
  if (!(error instanceof Error) || depth > 3) return "";
  const { code } = error as { code?: unknown };
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  return [error.name, code, error.message, ...inner.map((each) => describe(each, depth + 1))].join(" ");
}

/** Why a relay that is connected takes no envelopes of ours for now, as a sentence; undefined for what is ours to mend. */
export function waitingBecause(reason: number): string | undefined {
  switch (reason) {
    case REFUSAL.busy:
      return "the relay asks us to go slower";
    case REFUSAL.unavailable:
      return "the relay cannot store anything now: its disk may be full";
    case REFUSAL.quota:
      return "the relay's quota is used up: there is no room until older messages expire there";
    case REFUSAL.limit:
      return "too much at once for one connection to the relay";
    default:
      return undefined;
  }
}
