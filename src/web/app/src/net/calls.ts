/**
 * Requests to the project, on the bus; the shapes of `src/protocol/methods`.
 *
 * A call waits until the connection is there, at most `ANSWER_MS` in all. One
 * that was under way when the connection broke is refused, because whether it
 * was carried out is not known; one that changes nothing is repeated, once.
 *
 * The bus is connected by `start`, once the page is usable: browsers open one
 * WebSocket after the other, and the terminal's shall be the first. Until it is
 * up each call is a request of its own (`POST /call`), for which a first visit
 * has a connection already; so is one that nobody on the bus takes.
 */

import { effect, untracked } from "@preact/signals-core";
import type { Msg } from "@nats-io/nats-core";
import { READS, type MethodName, type Methods, type Refusal } from "../model/methods";
import { KEY_HEADER, authKey } from "./auth";
import type { Bus, BusConnection } from "./bus";

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

/** The methods that have one reply. */
export type Callable = {
  [M in MethodName]: Methods[M]["replies"] extends "one" ? M : never;
}[MethodName];

interface Pending {
  id: number;
  subject: string;
  payload: object;
  way: "waiting" | "posted" | "sent";
  /** Whether it is sent again when the connection swallows it. */
  isRepeated: boolean;
  resolve(payload: unknown): void;
  reject(error: CallError): void;
}

interface Reply {
  payload?: unknown;
  error?: Refusal;
}

/** Sends calls and matches replies. */
export class CallClient {
  #bus: Bus;
  #pending = new Set<Pending>();
  #lastId = 0;
  /** Whether calls go by the bus from now on, and wait for it. */
  #isBusUsed = false;
  #isReached = false;

  constructor(bus: Bus) {
    this.#bus = bus;
    effect(() => {
      if (bus.connection.value === null) return;
      this.#isBusUsed = true;
      untracked(() => this.#sendAll());
    });
  }

  /** Connects the bus, which carries all calls from then on. */
  start(): void {
    this.#bus.start();
  }

  /** Says whether requests reach the server. */
  gate(open: boolean): void {
    this.#isReached = open;
    this.#bus.gate(open);
    if (open) this.#sendAll();
  }

  /** Calls a method of a project; one that only reads is repeated once if its reply is lost. Throws `CallError`. */
  call<M extends Callable>(
    project: string,
    method: M,
    payload: Methods[M]["request"],
  ): Promise<Methods[M]["reply"]> {
    return this.ask(`project.${project}.${method}`, payload, READS.has(method));
  }

  /** Asks at a subject; what is repeated is asked once more if its reply is lost. Throws `CallError`. */
  ask<T>(subject: string, payload: object, isRepeated: boolean): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(pending);
        reject(new CallError(pending.way === "waiting" ? LOST : 408, `no answer to ${subject}`));
      }, ANSWER_MS);
      const done = () => {
        clearTimeout(timer);
        this.#pending.delete(pending);
      };
      const pending: Pending = {
        id,
        subject,
        payload,
        way: "waiting",
        isRepeated,
        resolve: (value) => (done(), resolve(value as T)),
        reject: (error) => (done(), reject(error)),
      };
      this.#pending.add(pending);
      this.#send(pending);
    });
  }

  #send(pending: Pending): void {
    if (pending.way !== "waiting") return;
    const connection = this.#bus.connection.peek();
    if (connection) void this.#ask(pending, connection);
    else if (this.#isReached && !this.#isBusUsed) void this.#post(pending);
  }

  #sendAll(): void {
    for (const pending of [...this.#pending]) this.#send(pending);
  }

  async #ask(pending: Pending, connection: BusConnection): Promise<void> {
    pending.way = "sent";
    try {
      answered(pending, readAnswer(await connection.ask(pending.subject, pending.payload, ANSWER_MS)));
    } catch (error) {
      if (isNobody(error)) return this.#post(pending);
      this.#swallowed(pending);
    }
  }

  async #post(pending: Pending): Promise<void> {
    pending.way = "posted";
    const { id, subject, payload } = pending;
    try {
      const response = await fetch("/call", {
        method: "POST",
        headers: { [KEY_HEADER]: authKey() ?? "" },
        cache: "no-store",
        body: JSON.stringify({ id, subject, payload }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (response.status === 401) return pending.reject(new CallError(401, "this browser is not signed in"));
      if (!response.ok) throw new Error(`/call answered ${response.status}`);
      answered(pending, (await response.json()) as Reply);
    } catch {
      // What is sent again waits for the bus: another request would fare no better.
      this.#isBusUsed = true;
      this.start();
      this.#swallowed(pending);
    }
  }

  #swallowed(pending: Pending): void {
    if (!pending.isRepeated) return pending.reject(new CallError(LOST, "the connection was lost meanwhile"));
    pending.isRepeated = false;
    pending.way = "waiting";
    if (this.#pending.has(pending)) this.#send(pending);
  }
}

/** Reads the error that a service's answer says in its headers; `null` when it says none. */
function readError(answer: Msg): Refusal | null {
  const code = answer.headers?.get("Nats-Service-Error-Code");
  if (!code) return null;
  const message = answer.headers?.get("Nats-Service-Error") ?? "";
  return { code: Number(code), message, reason: answer.headers?.get("Nats-Service-Error-Reason") || null };
}

function readAnswer(answer: Msg): Reply {
  const error = readError(answer);
  return error ? { error } : { payload: answer.json() };
}

function answered(pending: Pending, { payload, error }: Reply): void {
  if (error) pending.reject(new CallError(error.code, error.message, error.reason));
  else pending.resolve(payload ?? {});
}

/** Whether nobody on the bus took a request, so that nothing was done. */
function isNobody(error: unknown): boolean {
  return error instanceof Error && "isNoResponders" in error && (error.isNoResponders as () => boolean)();
}
