/** Which topics one session has opened: each by a proof of its key, or, between members, by meeting (topic-meeting.ts). */
import { checkOpenProof } from "../verify/open-proof.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import { ownMail } from "./mail-meeting.ts";
import type { Answering, Request, SessionContext, SessionIdentity } from "./session-context.ts";
import { CHECKS_PER_TURN } from "./topic-limits.ts";
import { shareTopics } from "./topic-meeting.ts";
import { nextTurn } from "./turn-gate.ts";

/** What a holder says that wants a token and got none. */
export const NO_TOKEN = "this holder asks for an access token";
const TOO_MANY = "too many topics on one connection";

/** The opened topics of one session. */
export class TopicOpening {
  readonly #context: SessionContext;
  readonly #identity: SessionIdentity;
  readonly #answers: Answering;
  readonly #opened = new Set<string>();
  #isAdmitted: boolean;

  constructor(context: SessionContext, identity: SessionIdentity, answers: Answering) {
    this.#context = context;
    this.#identity = identity;
    this.#answers = answers;
    this.#isAdmitted = context.admit === undefined;
  }

  /** Whether this session may use the holder at all. */
  get isAdmitted(): boolean {
    return this.#isAdmitted;
  }

  has(topic: Topic): boolean {
    return this.#opened.has(toHex(topic));
  }

  /** How many there are. */
  get size(): number {
    return this.#opened.size;
  }

  forget(topic: Topic): void {
    this.#opened.delete(toHex(topic));
  }

  /** The session is over. */
  clear(): void {
    this.#opened.clear();
  }

  async open({ id, access, proofs }: Request<"open">): Promise<void> {
    const { admit, limits, onEvent } = this.#context;
    const { send, refuse, countForged } = this.#answers;
    this.#isAdmitted ||= admit?.(access) ?? true;
    if (!this.#isAdmitted) return refuse({ id, reason: REFUSAL.token, detail: NO_TOKEN });
    if (this.#opened.size + proofs.length > limits.topicsPerConnection)
      return refuse({ id, reason: REFUSAL.limit, detail: TOO_MANY });
    const refused: Topic[] = [];
    for (const [i, proof] of proofs.entries()) {
      if (i % CHECKS_PER_TURN === CHECKS_PER_TURN - 1) await nextTurn();
      if (!(await this.#openOne(proof))) refused.push(proof.topic);
    }
    onEvent({ kind: "opened", topics: proofs.length - refused.length, refused: refused.length });
    send({ kind: "opened", id, refused, resume: new Uint8Array(0) });
    countForged(refused.length);
  }

  async #openOne({ topic, inbox, signature }: Request<"open">["proofs"][number]): Promise<boolean> {
    const claim = { ...this.#identity, topic, inbox };
    if (checkOpenProof(this.#context.verifier, claim, signature) !== "valid") return false;
    if (inbox && !(await this.#registerInbox(topic))) return false;
    this.#opened.add(toHex(topic));
    return true;
  }

  /** A full store still hands out the inboxes that it has. False for a topic that is something else. */
  #registerInbox(topic: Topic): Promise<boolean> {
    const { log } = this.#context;
    return log.registerInbox(topic).catch(async (error: unknown) => {
      if (!(await log.isInbox(topic))) throw error;
      return true;
    });
  }

  async meet({ id, nonce, proofs }: Request<"meet">): Promise<void> {
    const { member, verifier, limits } = this.#context;
    const { send, refuse } = this.#answers;
    if (member === undefined)
      return refuse({ id, reason: REFUSAL.unknownTopic, detail: "this is no member of anything" });
    if (this.#opened.size + proofs.length > limits.topicsPerConnection)
      return refuse({ id, reason: REFUSAL.limit, detail: TOO_MANY });
    const { holderPeerId, openerPeerId: clientPeerId, nonce: holderNonce } = this.#identity;
    const ends = { holderPeerId, clientPeerId, holderNonce, clientNonce: nonce };
    const met = await shareTopics(verifier, member.topics(), { proofs, ends });
    const topics = met.map(({ shared }) => shared.topic);
    for (const topic of topics) this.#opened.add(toHex(topic));
    const proved = new Set(topics.map(toHex));
    const own = [...member.mailbox.topics()].filter(({ topic }) => !proved.has(toHex(topic)));
    const mail = ownMail(verifier.sha256, own, { proofs, ends });
    send({ kind: "met", id, proofs: [...met.map(({ proof }) => proof), ...mail] });
    if (topics.length + mail.length > 0) member.met(clientPeerId, topics);
  }
}
