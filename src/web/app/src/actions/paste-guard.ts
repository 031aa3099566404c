/** Pastes that are shown before they are typed; `model/paste.ts` says which. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import { isRiskyPaste } from "../model/paste";
import type { Action } from "./action";
import type { App } from "./app";
import { prefer } from "./preferences";

/** A paste that waits for an answer. */
export interface HeldPaste {
  /** The terminal that it is for. */
  id: string;
  text: string;
}

/** Keeps the paste that waits. */
export class PasteGuard {
  #app: App;
  #held = signal<HeldPaste | null>(null);

  /** What waits for an answer. */
  readonly held: ReadonlySignal<HeldPaste | null> = this.#held;

  constructor(app: App) {
    this.#app = app;
  }

  /** Whether a paste is kept for the person to see first. */
  holds(id: string, text: string, isBracketed: boolean): boolean {
    if (!this.#app.settings.value.asksBeforePaste || !isRiskyPaste(text, isBracketed)) return false;
    this.#held.value = { id, text };
    return true;
  }

  /** Pastes what waits; `isLastTime` never asks again. */
  confirm(isLastTime: boolean): void {
    const held = this.#held.value;
    this.#held.value = null;
    if (isLastTime) prefer(this.#app, { asksBeforePaste: false });
    this.#app.workspace.focus();
    if (held && this.#app.workspace.selected.value === held.id) {
      this.#app.workspace.current.value?.screen.pasteNow(held.text);
    }
  }

  /** Pastes nothing. */
  cancel(): void {
    this.#held.value = null;
    this.#app.workspace.focus();
  }
}

/** Shows such pastes first again. */
export const askBeforePaste: Action = {
  name: "clipboard.guard",
  label: "Ask before pasting several lines",
  keywords: "paste guard confirm multi-line clipboard",
  keys: [],
  when: (app) => !app.settings.value.asksBeforePaste,
  perform: (app) => {
    prefer(app, { asksBeforePaste: true });
  },
};
