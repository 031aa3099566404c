/** Whoever listens gets a way to stop; whoever owns listeners keeps a store. */

/** Ends what was begun; a second call does nothing. */
export type Disposer = () => void;

/** A store of disposers, all called once by `dispose`, last first. */
export class Disposers {
  #all: Disposer[] = [];

  /** Keeps a disposer. */
  add(disposer: Disposer): void {
    this.#all.push(disposer);
  }

  /** Calls and forgets all disposers. */
  dispose(): void {
    for (const disposer of this.#all.splice(0).reverse()) disposer();
  }
}
