/** Where each open text was left: its cursor, and how far it was scrolled. */

import type { Disposer } from "../../model/disposers";
import type { ViewState } from "../../model/files/buffer";
import type { OpenFile } from "./document";

/** Knows it as long as a file is open, whether its editor is there or not. */
export class ViewStates {
  #now = new WeakMap<OpenFile, () => ViewState>();
  #left = new WeakMap<OpenFile, ViewState>();

  /** Where a file's reader is; `null` when it was never shown. */
  of(file: OpenFile): ViewState | null {
    return this.#now.get(file)?.() ?? this.#left.get(file) ?? null;
  }

  /** Takes where a file was left last time; whatever storage held. */
  take(file: OpenFile, state: Partial<ViewState> | undefined): void {
    const { line, column, top } = state ?? {};
    if (![line, column, top].every(Number.isSafeInteger)) return;
    this.#left.set(file, { line, column, top } as ViewState);
  }

  /** Asks an editor until the disposer is called, and keeps its last answer. */
  follow(file: OpenFile, read: () => ViewState): Disposer {
    this.#now.set(file, read);
    return () => {
      this.#left.set(file, read());
      if (this.#now.get(file) === read) this.#now.delete(file);
    };
  }
}
