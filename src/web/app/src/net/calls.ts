/**
 * Requests to the project over the `/call` WebSocket; the shapes of
 * `src/protocol/call.rs`.
 *
 * A call waits until the connection is there, at most `ANSWER_MS` in all. One
 * that was under way when the connection broke is refused, because whether it
 * was carried out is not known; one that changes nothing is repeated, once.
 *
 * The WebSocket is opened by `start`, once the page is usable: browsers open
 * one WebSocket after the other, and the terminal's shall be the first. Until
 * then each call is a request of its own (`POST /call`), for which a first visit
 * has a connection already.
 */

import { READS, type MethodName, type Methods } from "../model/methods";
import { KEY_HEADER, authKey } from "./auth";
import { KeptSocket } from "./socket";

/** The longest wait for an answer, in milliseconds. */
const ANSWER_MS = 20_000;

/** The code of a call that the connection swallowed, or never took; all others are those of HTTP. */
export const LOST = 0;

/** A refused call; `code` is that of HTTP, or `LOST`. */
export class CallError extends Error {
  readonly code: number;
  /** A word to decide by, where the server has one: `no-trash`. */
  readonly reason: string | null;

  constructor(code: number, message: string, reason: string | null = null) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

interface Pending {
  text: string;
  way: "waiting" | "posted" | "sent";
  /** Whether it is sent again when the connection swallows it. */
  isRepeated: boolean;
  resolve(payload: unknown): void;
  reject(error: CallError): void;
}

interface Reply {
  id: number;
  payload?: unknown;
  error?: { code: number; message: string; reason?: string };
}

/** Sends calls and matches replies. */
export class CallClient {
  #pending = new Map<number, Pending>();
  #lastId = 0;
  #isOpen = false;
  #isStarted = false;
  #isReached = false;
  #socket = new KeptSocket("/call", {
    opened: () => this.#opened(),
    message: (data) => this.#told(data),
    closed: () => this.#lost(),
  });

  constructor() {
    this.#socket.gate(false);
  }

  /** Opens the WebSocket, which carries all calls from here on. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#socket.start();
  }

  /** Says whether requests reach the server. */
  gate(open: boolean): void {
    this.#isReached = open;
    this.#socket.gate(open);
    if (open && !this.#isStarted) this.#sendAll();
  }

  /** Calls a method of a project; one that only reads is repeated once if its reply is lost. Throws `CallError`. */
  call<M extends MethodName>(
    project: string,
    method: M,
    payload: Methods[M]["request"],
  ): Promise<Methods[M]["reply"]> {
    const id = ++this.#lastId;
    const subject = `project.${project}.${method}`;
    const text = JSON.stringify({ id, subject, payload });
    return new Promise<Methods[M]["reply"]>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new CallError(pending.way === "waiting" ? LOST : 408, `no answer to ${subject}`));
      }, ANSWER_MS);
      const done = () => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      const pending: Pending = {
        text,
        way: "waiting",
        isRepeated: READS.has(method),
        resolve: (value) => (done(), resolve(value as Methods[M]["reply"])),
        reject: (error) => (done(), reject(error)),
      };
      this.#pending.set(id, pending);
      if (this.#isOpen || (this.#isReached && !this.#isStarted)) this.#send(pending);
    });
  }

  #send(pending: Pending): void {
    if (pending.way !== "waiting") return;
    if (!this.#isStarted) void this.#post(pending);
    else if (this.#socket.send(pending.text)) pending.way = "sent";
  }

  #sendAll(): void {
    for (const pending of this.#pending.values()) this.#send(pending);
  }

  async #post(pending: Pending): Promise<void> {
    pending.way = "posted";
    try {
      const response = await fetch("/call", {
        method: "POST",
        headers: { [KEY_HEADER]: authKey() ?? "" },
        cache: "no-store",
        body: pending.text,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (response.status === 401) return pending.reject(new CallError(401, "this browser is not signed in"));
      if (!response.ok) throw new Error(`/call answered ${response.status}`);
      this.#answered((await response.json()) as Reply);
    } catch {
      this.#swallowed(pending);
      this.start();
      if (this.#isOpen) this.#send(pending);
    }
  }

  #opened(): void {
    this.#isOpen = true;
    this.#sendAll();
  }

  #told(data: string | ArrayBuffer): void {
    if (typeof data !== "string") return;
    this.#socket.proved();
    this.#answered(JSON.parse(data) as Reply);
  }

  #answered(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (reply.error) pending?.reject(new CallError(reply.error.code, reply.error.message, reply.error.reason));
    else pending?.resolve(reply.payload ?? {});
  }

  #lost(): void {
    this.#isOpen = false;
    for (const pending of [...this.#pending.values()]) {
      if (pending.way === "sent") this.#swallowed(pending);
    }
  }

  #swallowed(pending: Pending): void {
    if (!pending.isRepeated) return pending.reject(new CallError(LOST, "the connection was lost meanwhile"));
    pending.isRepeated = false;
    pending.way = "waiting";
  }
}
