/**
 * One terminal's WebSocket, `/terminal/ID`: performs what `model/stream.ts`
 * decides, between the wire and a screen.
 *
 * The size: in version 2 the holder sets it, and this page tells only its wish,
 * 0 × 0 while nobody sees the terminal. In version 1 the page sets it.
 *
 * The hello stands in the URL, so that the answer comes with the connection; a
 * server of before that did so waits for it as a frame, which others pass over.
 */

import { computed, signal, type ReadonlySignal } from "@preact/signals-core";
import type { ClientHello, SizeWish, View } from "../model/frames";
import { VERSION, decodeFrame, encodeFrame, helloFrame, readHello, FrameError, type Frame } from "../model/frames";
import { NOT_VISIBLE, isSameSize, type Screen, type Size } from "../model/screen";
import {
  FRESH,
  isConnected,
  isOver,
  streamStep,
  type Stream,
  type StreamEffect,
  type StreamEvent,
} from "../model/stream";
import type { End } from "../model/tabs";
import { KeptSocket } from "./socket";

/** A terminal that prints nothing counts as drawn after so long, in milliseconds. */
const SILENT_MS = 3000;

/**
 * While a window is being dragged, its size is told once in so many
 * milliseconds: each one costs every browser of the terminal a replay.
 */
const WISH_MS = 60;

/** This page's name towards holders, for its life: input is counted under it. */
const CLIENT = randomName();

/** How a terminal's connection does. */
export type TerminalLink = "attaching" | "live" | "away" | "over";

/** What a connection asks and tells. */
export interface TerminalEvents {
  /** Whether it is still to be started, as the first terminal of all. */
  isFirst(): boolean;
  /** The server has it; it runs `program`. */
  began(program: string): void;
  /** Nothing more will come. */
  ended(end: End): void;
}

/** Connects one terminal to one screen. */
export class TerminalClient {
  #screen: Screen;
  #socket: KeptSocket;
  #state = FRESH;
  #events: TerminalEvents;
  #told: Size = NOT_VISIBLE;
  /** Whether the screen knows that nothing more comes. */
  #hasRested = false;
  #hello: ClientHello = { version: VERSION, client: CLIENT, ...NOT_VISIBLE };
  #silence: ReturnType<typeof setTimeout> | undefined;
  #wishing: ReturnType<typeof setTimeout> | undefined;
  #link = signal<TerminalLink>("attaching");
  #drawn = signal(false);
  #shown = signal<Stream>(FRESH);
  #wish = signal<Size>(NOT_VISIBLE);

  /** How the connection does. */
  readonly link: ReadonlySignal<TerminalLink> = this.#link;
  /** Whether its first prompt or replay has been drawn. */
  readonly drawn: ReadonlySignal<boolean> = this.#drawn;
  /** Whether typed bytes have been refused, because too many are waiting. */
  readonly typingPaused = computed(() => this.#shown.value.typingPaused);
  /** Whose size the terminal has; `null` in version 1, and when it is over. */
  readonly view = computed<View | null>(() => (isOver(this.#shown.value) ? null : this.#shown.value.view));
  /** The size that this window would like. */
  readonly wish: ReadonlySignal<Size> = this.#wish;
  /** Whether older output is on its way. */
  readonly isLoadingHistory = computed(() => {
    const { history } = this.#shown.value;
    return !isOver(this.#shown.value) && (history === "asked" || history === "drawing");
  });
  /** Whether newer output waits until the person no longer reads. */
  readonly isHeld = computed(() => this.#shown.value.held !== null);

  constructor(id: string, screen: Screen, events: TerminalEvents) {
    this.#screen = screen;
    this.#events = events;
    this.#wish.value = screen.wish();
    this.#socket = new KeptSocket(() => this.#address(id), {
      opened: () => this.#send(helloFrame(this.#hello)),
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
    clearTimeout(this.#wishing);
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

  /** Takes the size that this window would like; appearing and vanishing are told at once. */
  wished(size: Size): void {
    const isAtOnce = isSameSize(this.#wish.value, NOT_VISIBLE) || isSameSize(size, NOT_VISIBLE);
    this.#wish.value = size;
    if (this.#state.version < 2) this.#screen.fill();
    if (isAtOnce || this.#state.version < 2) this.#tellWish();
    else this.#wishing ??= setTimeout(() => this.#tellWish(), WISH_MS);
  }

  /** Lets this window set the size, or the smallest of all. */
  setSize(size: SizeWish): void {
    this.#step({ type: "size", size });
  }

  /** Fetches older output, if there is some that this page lacks; whether it comes. */
  fetchHistory(): boolean {
    this.#step({ type: "history" });
    return this.isLoadingHistory.value;
  }

  /** Takes whether the person has scrolled up. */
  reading(isReading: boolean): void {
    this.#step({ type: "reading", isReading });
  }

  #address(id: string): string {
    this.#step({ type: "opening" });
    const query = `hello=${encodeURIComponent(JSON.stringify(this.#hello))}`;
    return `/terminal/${id}?${query}${this.#events.isFirst() ? "&first=true" : ""}`;
  }

  #tellWish(): void {
    clearTimeout(this.#wishing);
    this.#wishing = undefined;
    const size = this.#wish.value;
    const isWord = this.#state.version >= 2 || !isSameSize(size, NOT_VISIBLE);
    if (!isWord || !isConnected(this.#state) || isSameSize(size, this.#told)) return;
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
    const hello = readHello(bytes);
    this.#step({ type: "hello", hello });
    this.#events.began(hello.title);
    if (this.#state.version < 2) this.#screen.fill();
    this.#tellWish();
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
      case "view":
        return this.#screen.follow(effect.view);
      case "clear":
        return this.#screen.clear(effect.keepsView);
      case "write":
        return this.#write(effect);
      case "restore":
        return this.#screen.restore(() => this.#step({ type: "restored" }));
      case "reopen":
        return this.#socket.reopen();
      case "end":
        this.#socket.stop();
        return this.#events.ended(effect.why);
    }
  }

  #greet(resume: { position: number; layout: number | null } | null): void {
    this.#told = this.#wish.value;
    const hello = { version: VERSION, client: CLIENT, ...this.#told };
    const from = resume && { resume: resume.position, ...(resume.layout === null ? {} : { layout: resume.layout }) };
    this.#hello = { ...hello, ...from };
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
    this.#shown.value = this.#state;
    if (isOver(this.#state)) this.#over();
    else if (isConnected(this.#state)) this.#link.value = "live";
    else if (this.#link.value === "live") this.#link.value = "away";
  }

  #over(): void {
    this.#link.value = "over";
    // What is held still has the holder's size.
    if (this.#hasRested || this.#state.held !== null) return;
    this.#hasRested = true;
    this.#screen.end();
  }
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
