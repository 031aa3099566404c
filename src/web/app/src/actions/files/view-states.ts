/** Where each open text was left: its cursor, and how far it was scrolled. */

import type { Disposer } from "../../model/disposers";
import type { Stand } from "../../model/files/buffer";
import type { OpenFile } from "./document";

/** Knows it as long as a file is open, whether its editor is there or not. */
export class Stands {
  #now = new WeakMap<OpenFile, () => Stand>();
  #left = new WeakMap<OpenFile, Stand>();

  /** Where a file's reader stands; `null` when it was never shown. */
  of(file: OpenFile): Stand | null {
    return this.#now.get(file)?.() ?? this.#left.get(file) ?? null;
  }

  /** Takes where a file was left last time; whatever storage held. */
  take(file: OpenFile, stand: Partial<Stand> | undefined): void {
    const { line, column, top } = stand ?? {};
    if (![line, column, top].every(Number.isSafeInteger)) return;
    this.#left.set(file, { line, column, top } as Stand);
  }

  /** Asks an editor until the disposer is called, and keeps its last answer. */
  follow(file: OpenFile, read: () => Stand): Disposer {
    this.#now.set(file, read);
    return () => {
      this.#left.set(file, read());
      if (this.#now.get(file) === read) this.#now.delete(file);
    };
  }
}
