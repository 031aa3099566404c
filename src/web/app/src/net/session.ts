/** The `/session` WebSocket: where the connection to the target stands. */

import { computed, signal, type ReadonlySignal } from "@preact/signals-core";
import { sampled, type Sample } from "../model/speed";
import type { Link } from "../model/stage";
import { parseStatus, type Status } from "../model/status";
import { fetchMe } from "./auth";
import { KeptSocket } from "./socket";
import { remember } from "./storage";

/**
 * When the WebSocket is opened at the latest, in milliseconds after the server
 * has said that it is ready: browsers open one WebSocket after the other, and
 * the terminal's shall be the first.
 */
const LATEST_MS = 1000;

/** A status and when it arrived, by `performance.now()`. */
export interface SeenStatus {
  status: Status;
  at: number;
}

/** Follows `/session` for the page's whole life. */
export class SessionClient {
  #link = signal<Link>("opening");
  #seen = signal<SeenStatus | null>(null);
  #upload = signal<readonly Sample[]>([]);
  #socket: KeptSocket;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #signedOut: () => void;

  /** How the WebSocket itself does. */
  readonly link: ReadonlySignal<Link> = this.#link;
  /** The last status. */
  readonly seen: ReadonlySignal<SeenStatus | null> = this.#seen;
  /** The upload's byte counts of late, for its rate. */
  readonly upload: ReadonlySignal<readonly Sample[]> = this.#upload;
  /** The ready status, while requests reach the server. */
  readonly ready = computed(() => {
    const status = this.#link.value === "open" ? this.#seen.value?.status : undefined;
    return status?.state === "ready" ? status : null;
  });

  /** `signedOut` is called when the server no longer knows this browser. */
  constructor(signedOut: () => void) {
    this.#signedOut = signedOut;
    this.#socket = new KeptSocket("/session", {
      message: (data) => this.#told(data),
      closed: (_code, wasOpen) => this.#lost(wasOpen),
    });
  }

  /**
   * Begins with what the server said when this browser came in.
   *
   * If that is enough to work with, the WebSocket waits for `follow`.
   */
  start(status: Status | null): void {
    if (status) this.#take(status);
    if (status?.state === "ready") this.#waiting = setTimeout(() => this.follow(), LATEST_MS);
    else this.follow();
  }

  /** Opens the WebSocket; nothing when it is open already. */
  follow(): void {
    clearTimeout(this.#waiting);
    this.#socket.start();
  }

  /** Stops for good. */
  stop(): void {
    clearTimeout(this.#waiting);
    this.#socket.stop();
  }

  #told(data: string | ArrayBuffer): void {
    const status = typeof data === "string" ? parseStatus(data) : null;
    if (!status) return;
    this.#socket.proved();
    this.#take(status);
  }

  #take(status: Status): void {
    const at = performance.now();
    const sent = status.phases.find((phase) => phase.name === "upload")?.done_bytes;
    if (sent !== undefined) this.#upload.value = sampled(this.#upload.value, at, sent);
    this.#seen.value = { status, at };
    this.#link.value = "open";
    remember("target", status.target);
  }

  #lost(wasOpen: boolean): void {
    this.#link.value = "lost";
    if (!wasOpen) void this.#checkSignedIn();
  }

  /** A refused WebSocket looks like an absent server; only this tells them apart. */
  async #checkSignedIn(): Promise<void> {
    try {
      if (!(await fetchMe()).signed_in) this.#signedOut();
    } catch {
      // Nobody answers: the socket goes on trying.
    }
  }
}
