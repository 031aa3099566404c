/**
 * One terminal's WebSocket, `/terminal/ID`: performs what `model/stream.ts`
 * decides, between the wire and a screen.
 */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import { VERSION, decodeFrame, encodeFrame, helloFrame, readHello, FrameError, type Frame } from "../model/frames";
import type { Screen, Size } from "../model/screen";
import { FRESH, isConnected, isOver, streamStep, type StreamEffect, type StreamEvent } from "../model/stream";
import type { End } from "../model/tabs";
import { KeptSocket } from "./socket";

/** A terminal that prints nothing counts as drawn after so long, in milliseconds. */
const SILENT_MS = 3000;

/** This page's name towards holders, for its life: input is counted under it. */
const CLIENT = randomName();

/** How a terminal's connection does. */
export type TerminalLink = "attaching" | "live" | "away" | "over";

/** Connects one terminal to one screen. */
export class TerminalClient {
  #screen: Screen;
  #socket: KeptSocket;
  #state = FRESH;
  #ended: (end: End) => void;
  #told: Size = { cols: 0, rows: 0 };
  #silence: ReturnType<typeof setTimeout> | undefined;
  #link = signal<TerminalLink>("attaching");
  #drawn = signal(false);
  #paused = signal(false);

  /** How the connection does. */
  readonly link: ReadonlySignal<TerminalLink> = this.#link;
  /** Whether its first prompt or replay has been drawn. */
  readonly drawn: ReadonlySignal<boolean> = this.#drawn;
  /** Whether typed bytes have been refused, because too many are waiting. */
  readonly typingPaused: ReadonlySignal<boolean> = this.#paused;

  constructor(id: string, screen: Screen, ended: (end: End) => void) {
    this.#screen = screen;
    this.#ended = ended;
    this.#socket = new KeptSocket(`/terminal/${id}`, {
      opened: () => this.#step({ type: "opened" }),
      message: (data) => this.#received(data),
      closed: () => this.#step({ type: "closed" }),
      gone: () => this.#step({ type: "gone" }),
    });
  }

  /** Connects, as soon as the gate is open. */
  start(): void {
    this.#socket.start();
  }

  /** Disconnects for good; the terminal itself goes on. */
  stop(): void {
    clearTimeout(this.#silence);
    this.#socket.stop();
  }

  /** Says whether requests reach the server. */
  gate(open: boolean): void {
    this.#socket.gate(open);
  }

  /** Takes what a person typed; kept while the terminal is away. */
  typed(bytes: Uint8Array): void {
    this.#step({ type: "typed", bytes });
  }

  /** Tells the terminal the screen's size. */
  resized(size: Size): void {
    if (!isConnected(this.#state) || size.cols < 1 || size.rows < 1) return;
    if (size.cols === this.#told.cols && size.rows === this.#told.rows) return;
    this.#told = size;
    this.#send({ kind: "resize", ...size });
  }

  #received(data: string | ArrayBuffer): void {
    if (typeof data === "string") return;
    try {
      const frame = decodeFrame(new Uint8Array(data));
      if (frame.kind === "hello") this.#greeted(frame.bytes);
      else this.#step({ type: "frame", frame });
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#socket.reopen();
    }
  }

  #greeted(bytes: Uint8Array): void {
    this.#step({ type: "hello", hello: readHello(bytes) });
    this.resized(this.#screen.size());
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => (this.#drawn.value = true), SILENT_MS);
  }

  #step(event: StreamEvent): void {
    const [next, effects] = streamStep(this.#state, event);
    this.#state = next;
    for (const effect of effects) this.#perform(effect);
    this.#show();
  }

  #perform(effect: StreamEffect): void {
    switch (effect.type) {
      case "greet":
        return this.#greet(effect.resume);
      case "send":
        return this.#send(effect.frame);
      case "clear":
        return this.#screen.clear();
      case "write":
        return this.#write(effect);
      case "reopen":
        return this.#socket.reopen();
      case "end":
        this.#socket.stop();
        return this.#ended(effect.why);
    }
  }

  #greet(resume: number | null): void {
    this.#told = this.#screen.size();
    const hello = { version: VERSION, client: CLIENT, ...this.#told };
    this.#send(helloFrame(resume === null ? hello : { ...hello, resume }));
  }

  #write({ bytes, epoch, position, replay }: StreamEffect & { type: "write" }): void {
    this.#socket.proved();
    this.#screen.write(bytes, replay, () => {
      this.#step({ type: "parsed", epoch, position });
      if (position !== null && position > 0) this.#drawn.value = true;
    });
  }

  #send(frame: Frame): void {
    this.#socket.send(encodeFrame(frame));
  }

  #show(): void {
    this.#paused.value = this.#state.typingPaused;
    if (isOver(this.#state)) this.#link.value = "over";
    else if (isConnected(this.#state)) this.#link.value = "live";
    else if (this.#link.value === "live") this.#link.value = "away";
  }
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
