/**
 * One WebSocket that is kept open.
 *
 * `model/retry.ts` decides when; this file performs. Promise: messages arrive
 * in order on one connection, and nothing is kept for the next one: whoever
 * needs that numbers its messages (`model/stream.ts`) or asks again.
 */

import type { Disposer } from "../model/disposers";
import { STOPPED, retryStep, type Retry, type RetryEvent } from "../model/retry";
import { authKey } from "./auth";

/** The subprotocol that every WebSocket of ours speaks. */
const PROTOCOL = "cocalc-plus.v1";

/** What precedes the key in the list of subprotocols. */
const KEY_PREFIX = "cocalc-plus.key.";

/** An opening that takes longer is given up, in milliseconds. */
const OPENING_MS = 10_000;

/** What a kept socket tells its owner. */
export interface SocketEvents {
  opened?(): void;
  message(data: string | ArrayBuffer): void;
  /** The connection is lost; another follows unless `gone` does. */
  closed?(code: number, wasOpen: boolean): void;
  /** What it showed is gone (4004); nothing follows. */
  gone?(): void;
}

/** A WebSocket at `path` of this origin that is opened again whenever it is lost. */
export class KeptSocket {
  #path: () => string;
  #events: SocketEvents;
  #retry: Retry = STOPPED;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unhurry: Disposer = () => {};

  /** `path` is asked for anew whenever it is opened. */
  constructor(path: string | (() => string), events: SocketEvents) {
    this.#path = typeof path === "string" ? () => path : path;
    this.#events = events;
  }

  /** Opens it, as soon as the gate allows. */
  start(): void {
    this.#unhurry();
    this.#unhurry = onWake(() => this.#step({ type: "due" }));
    this.#step({ type: "start" });
  }

  /** Closes it for good. */
  stop(): void {
    this.#unhurry();
    this.#step({ type: "stop" });
  }

  /** Says whether opening can succeed; true at first. */
  gate(open: boolean): void {
    this.#step({ type: "gate", open });
  }

  /** Says that the other side spoke sense: the next failure counts as a first. */
  proved(): void {
    if (this.#retry.failures > 0) this.#step({ type: "proved" });
  }

  /** Gives this connection up and opens another. */
  reopen(): void {
    const socket = this.#drop();
    if (socket) this.#lost(1000, socket.readyState === WebSocket.OPEN);
    socket?.close(1000);
  }

  /** Sends, if it is open; else the message is dropped and `false` comes back. */
  send(message: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(message);
    return true;
  }

  #step(event: RetryEvent): void {
    const [next, effects] = retryStep(this.#retry, event, Math.random());
    this.#retry = next;
    for (const effect of effects) {
      if (effect.type === "open") this.#open();
      else if (effect.type === "close") this.#drop()?.close(1000);
      else if (effect.type === "wait") this.#wait(effect.ms);
      else this.#events.gone?.();
    }
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#step({ type: "due" }), ms);
  }

  #open(): void {
    clearTimeout(this.#timer);
    const key = authKey();
    const url = `${location.origin.replace(/^http/, "ws")}${this.#path()}`;
    const socket = new WebSocket(url, key ? [PROTOCOL, KEY_PREFIX + key] : [PROTOCOL]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#timer = setTimeout(() => this.reopen(), OPENING_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#step({ type: "opened" });
      this.#events.opened?.();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#events.message(event.data);
    socket.onclose = (event) => {
      const wasOpen = this.#retry.phase === "open";
      this.#drop();
      this.#lost(event.code, wasOpen);
    };
  }

  #lost(code: number, wasOpen: boolean): void {
    this.#events.closed?.(code, wasOpen);
    this.#step({ type: "closed", code });
  }

  #drop(): WebSocket | null {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }
}

function onWake(wake: () => void): Disposer {
  const seen = () => {
    if (document.visibilityState === "visible") wake();
  };
  addEventListener("online", wake);
  addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", seen);
  return () => {
    removeEventListener("online", wake);
    removeEventListener("pageshow", wake);
    document.removeEventListener("visibilitychange", seen);
  };
}
