/**
 * The page's one WebSocket of the bus, `/conat`, by the client of the NATS project.
 *
 * The schedule is that of every WebSocket of the page (`socket.ts`): the client
 * sees a connection that is open already, and does not reconnect by itself.
 */

import type { Signal } from "@preact/signals-core";
import { createInbox, headers, wsconnect, type Msg, type NatsConnection } from "@nats-io/nats-core";
import type { Disposer } from "../model/disposers";
import { KEY_HEADER, authKey } from "./auth";
import type { BusConnection } from "./bus";
import { KeptSocket } from "./socket";

/** Where the bus is. */
const PATH = "/conat";

/** The wait before what did not come is fetched again, in milliseconds. */
const AGAIN_MS = 1000;

/** The longest wait for an answer over HTTP, in milliseconds. */
const ANSWER_MS = 10_000;

/** A stream that says nothing for so long is over, in milliseconds; it says something every 30 s. */
const SILENCE_MS = 45_000;

/** How many bytes of a stream may be on the way that were not acknowledged. */
const WINDOW = "262144";

/** The normal end of a WebSocket. */
const CLOSE_NORMAL = 1000;

/** Makes the connections, one after the other. */
export class BusClient {
  #connection: Signal<BusConnection | null>;
  /** Below which subject this page is answered; `null` until it is known. */
  #inboxes: string | null = null;
  #carrier: Carrier | null = null;
  #socket = new KeptSocket(PATH, {
    opened: () => this.#opened(),
    message: (data) => {
      this.#socket.proved();
      this.#carrier?.receive(data);
    },
    closed: (code) => this.#closed(code),
  });

  /** Each connection is put into the signal while it lasts. */
  constructor(connection: Signal<BusConnection | null>) {
    this.#connection = connection;
    this.#socket.gate(false);
  }

  /** Connects, as soon as the gate is open. */
  start(): void {
    this.#socket.start();
    void this.#introduce();
  }

  /** Says whether requests reach the server. */
  gate(open: boolean): void {
    this.#socket.gate(open);
  }

  /** Asks who this page is, while the WebSocket opens. */
  async #introduce(): Promise<void> {
    while (this.#inboxes === null) {
      try {
        this.#inboxes = `_INBOX.account-${await fetchAccount()}`;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    if (this.#carrier) void this.#connect(this.#carrier, this.#inboxes);
  }

  #opened(): void {
    this.#carrier = new Carrier(this.#socket);
    if (this.#inboxes !== null) void this.#connect(this.#carrier, this.#inboxes);
  }

  async #connect(carrier: Carrier, inboxes: string): Promise<void> {
    try {
      const nats = await wsconnect({
        servers: location.origin.replace(/^http/, "ws"),
        wsFactory: () => Promise.resolve({ socket: carrier as unknown as WebSocket, encrypted: true }),
        inboxPrefix: inboxes,
        reconnect: false,
        name: "page",
      });
      if (this.#carrier === carrier) this.#connection.value = new Connected(nats, inboxes);
    } catch {
      // The connection ended before it was greeted, or says what is no greeting.
      if (this.#carrier === carrier) this.#socket.reopen();
    }
  }

  #closed(code: number): void {
    this.#connection.value = null;
    this.#carrier?.end(code);
    this.#carrier = null;
  }
}

/** A connection that was greeted. */
class Connected implements BusConnection {
  #nats: NatsConnection;
  #inboxes: string;

  constructor(nats: NatsConnection, inboxes: string) {
    this.#nats = nats;
    this.#inboxes = inboxes;
  }

  ask(subject: string, payload: object, ms: number): Promise<Msg> {
    return this.#nats.request(subject, JSON.stringify(payload), { timeout: ms });
  }

  follow(subject: string, payload: object, told: (answer: Msg) => void, ended: () => void): Disposer {
    const nats = this.#nats;
    let service: string | undefined;
    let taken = 0;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const say = (words: string) => {
      if (service && !nats.isClosed()) nats.publish(service, words);
    };
    const stop = () => {
      clearTimeout(silence);
      if (!nats.isClosed()) subscription.unsubscribe();
    };
    const end = () => {
      stop();
      if (!nats.isClosed()) ended();
    };
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
    };
    const heard = (answer: Msg) => {
      service = answer.reply;
      // What has none is the end, and so is the word that nobody listens.
      if (!service) return end();
      listen();
      const isPart = !answer.headers?.has("Stream-Keep-Alive");
      if (isPart) taken += 1;
      say(String(taken));
      if (isPart) told(answer);
    };
    const inbox = createInbox(this.#inboxes);
    const subscription = nats.subscribe(inbox, {
      callback: (error, answer) => {
        if (!error) heard(answer);
      },
    });
    const window = headers();
    window.set("Stream-Window", WINDOW);
    nats.publish(subject, JSON.stringify(payload), { reply: inbox, headers: window });
    listen();
    return () => {
      say("");
      stop();
    };
  }
}

/** What the client of the NATS project uses of a WebSocket, on one that is kept open. */
class Carrier {
  binaryType = "arraybuffer";
  bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: { wasClean: boolean; code: number; reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  #kept: KeptSocket;
  #listener: ((event: { data: ArrayBuffer }) => void) | null = null;
  #early: ArrayBuffer[] = [];
  #isOver = false;

  constructor(kept: KeptSocket) {
    this.#kept = kept;
  }

  /** Set by the client, when it is ready for what has come already. */
  set onmessage(listener: ((event: { data: ArrayBuffer }) => void) | null) {
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    queueMicrotask(() => early.forEach((data) => this.#listener?.({ data })));
  }

  /** Passes on what came. */
  receive(data: string | ArrayBuffer): void {
    if (typeof data === "string") return;
    if (this.#listener) this.#listener({ data });
    else this.#early.push(data);
  }

  /** Tells the client that the connection was lost. */
  end(code: number): void {
    this.#isOver = true;
    this.onclose?.({ wasClean: code === CLOSE_NORMAL, code, reason: "" });
  }

  /** Called by the client. */
  send(data: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    if (!this.#isOver) this.#kept.send(data instanceof Uint8Array ? data : new Uint8Array(data));
  }

  /** Called by the client when it gives the connection up. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#kept.reopen();
  }
}

/** Under which account this page is known on the bus. */
async function fetchAccount(): Promise<string> {
  const headers = { [KEY_HEADER]: authKey() ?? "" };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch("/customize", { headers, cache: "no-store", signal });
  if (!response.ok) throw new Error(`/customize answered ${response.status}`);
  return ((await response.json()) as { account: string }).account;
}
