/** Writes down what a network says, and lets a test wait for it. */
import type { Delivery, NetworkEvents, RelayStatus } from "../../src/client/ports/network.ts";
import { bodyText, sameTopic } from "./topic-keys.ts";

export interface Received {
  readonly topic: Uint8Array;
  readonly sequence: number;
  readonly text: string;
}

export class NetworkRecorder implements NetworkEvents {
  readonly received: Received[] = [];
  /** The newest of topics that were far behind. */
  readonly ahead: string[] = [];
  readonly caughtUpTopics: Uint8Array[] = [];
  readonly states: RelayStatus[] = [];
  /** What was said in passing. */
  readonly heard: string[] = [];
  /** Replaced by tests that commit slowly or not at all. */
  commit: (delivery: Delivery) => Promise<void> = async () => undefined;
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  readonly delivered = async (delivery: Delivery): Promise<void> => {
    await this.commit(delivery);
    if (delivery.isAhead) this.ahead.push(...delivery.items.map(({ envelope }) => bodyText(envelope)));
    else this.#took(delivery);
    this.#look();
  };

  #took(delivery: Delivery): void {
    for (const { sequence, envelope } of delivery.items) {
      this.received.push({ topic: delivery.topic, sequence, text: bodyText(envelope) });
    }
  }

  readonly caughtUp = (topic: Uint8Array): void => {
    this.caughtUpTopics.push(topic);
    this.#look();
  };

  readonly relayChanged = (status: RelayStatus): void => {
    this.states.push(status);
    this.#look();
  };

  readonly said = (_topic: Uint8Array, body: Uint8Array): void => {
    this.heard.push(new TextDecoder().decode(body));
    this.#look();
  };

  texts(topic: Uint8Array): string[] {
    return this.received.filter((each) => sameTopic(each.topic, topic)).map((each) => each.text);
  }

  lastSequence(topic: Uint8Array): number {
    return this.received.filter((each) => sameTopic(each.topic, topic)).at(-1)?.sequence ?? 0;
  }

  get state(): RelayStatus["state"] | undefined {
    return this.states.at(-1)?.state;
  }

  /** Resolves when the condition holds after some event. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ holds, resolve });
      this.#look();
    });
  }

  untilState(state: RelayStatus["state"]): Promise<void> {
    return this.until(() => this.state === state);
  }

  untilCaughtUp(topic: Uint8Array): Promise<void> {
    return this.until(() => this.caughtUpTopics.some((each) => sameTopic(each, topic)));
  }

  untilReceived(count: number): Promise<void> {
    return this.until(() => this.received.length >= count);
  }

  #look(): void {
    const [now, later] = [this.#waiting.filter((each) => each.holds()), this.#waiting.filter((each) => !each.holds())];
    this.#waiting = later;
    for (const { resolve } of now) resolve();
  }
}
