/**
 * Programs that copy to the clipboard (OSC 52), by permission.
 *
 * The person is asked once for each target, because storage belongs to the
 * origin and each target has one. "Always" is kept; "Deny" holds until the page
 * is loaded again. No program ever reads the clipboard.
 */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import { recall, remember } from "../net/storage";
import type { Action } from "./action";

/** What a program wants on the clipboard, and why the person is asked. */
export interface CopyRequest {
  text: string;
  /** `press`: it is allowed, but the browser wants a key or click from the person. */
  why: "permission" | "press";
}

/** Knows what is allowed and what waits for an answer. */
export class ClipboardGrant {
  #isAlways = signal(recall("copying") === "always");
  #isDenied = false;
  #request = signal<CopyRequest | null>(null);

  /** What waits for an answer; a later request takes the place of an earlier one. */
  readonly request: ReadonlySignal<CopyRequest | null> = this.#request;
  /** Whether programs may copy without a question. */
  readonly isAlways: ReadonlySignal<boolean> = this.#isAlways;

  /** A program wants to copy. */
  async ask(text: string): Promise<void> {
    if (this.#isDenied) return;
    if (!this.#isAlways.value) this.#request.value = { text, why: "permission" };
    else if (!(await written(text))) this.#request.value = { text, why: "press" };
  }

  /** Copies what waits; the caller was called by a key or click. */
  async allow(forHowLong: "once" | "always"): Promise<void> {
    const request = this.#request.value;
    this.#request.value = null;
    if (forHowLong === "always") this.#setAlways(true);
    if (request) await written(request.text);
  }

  /** Refuses this and, until the page is loaded again, all that follow. */
  deny(): void {
    this.#request.value = null;
    this.#isDenied = true;
  }

  /** Goes back to asking. */
  askAgain(): void {
    this.#isDenied = false;
    this.#setAlways(false);
  }

  #setAlways(isAlways: boolean): void {
    this.#isAlways.value = isAlways;
    remember("copying", isAlways ? "always" : null);
  }
}

async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Takes back what was allowed for good. */
export const askBeforeCopy: Action = {
  name: "clipboard.ask",
  label: "Ask before programs copy to the clipboard",
  keywords: "clipboard permission osc 52 revoke",
  keys: [],
  when: (app) => app.clipboardGrant.isAlways.value,
  perform: (app) => app.clipboardGrant.askAgain(),
};
