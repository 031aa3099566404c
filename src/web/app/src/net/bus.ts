/**
 * The page's one connection with the bus, as its users have it.
 *
 * What makes it (`bus-client.ts`, and the client of the NATS project) is a chunk
 * of its own: it is fetched by `start`, once the page is usable.
 */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import type { Msg } from "@nats-io/nats-core";
import type { Disposer } from "../model/disposers";
import type { BusClient } from "./bus-client";

/** The wait before a chunk that did not come is asked for again, in milliseconds. */
const AGAIN_MS = 1000;

/** One connection; when it is lost, what was asked on it fails. */
export interface BusConnection {
  /** Asks for one answer; throws when there is none within `ms`. */
  ask(subject: string, payload: object, ms: number): Promise<Msg>;
  /**
   * Asks for a stream of answers, until the disposer runs.
   *
   * `ended` is called once when there are no more, and not when the connection
   * was lost: with the next one, whoever still wants them asks again.
   */
  follow(subject: string, payload: object, told: (answer: Msg) => void, ended: () => void): Disposer;
}

/** Keeps the page connected with the bus. */
export class Bus {
  #connection = signal<BusConnection | null>(null);
  #client: BusClient | null = null;
  #isStarted = false;
  #isReached = false;

  /** The connection, while there is one. */
  readonly connection: ReadonlySignal<BusConnection | null> = this.#connection;

  /** Connects, and again whenever the connection is lost. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#load();
  }

  /** Says whether requests reach the server. */
  gate(open: boolean): void {
    this.#isReached = open;
    this.#client?.gate(open);
  }

  async #load(): Promise<void> {
    while (this.#client === null) {
      try {
        const { BusClient } = await import("./bus-client");
        this.#client = new BusClient(this.#connection);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.#client.gate(this.#isReached);
    this.#client.start();
  }
}
