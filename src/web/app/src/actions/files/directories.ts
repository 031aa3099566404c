/** The directories that are on screen: listed, and kept true by the watch. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import type { Disposer } from "../../model/disposers";
import { applied, isHidden, itemsOf, ordered, type Order } from "../../model/files/listing";
import type { Entry } from "../../model/methods";
import type { Directory } from "../../model/files/tree";
import { FileError, UNREACHED, list } from "../../net/files/http";
import type { WatchClient } from "../../net/files/watch";

/** A directory that is not watched after so long is listed nevertheless, in milliseconds. */
const WATCH_MS = 1000;

interface Live {
  unwatch: Disposer;
  wasListed: boolean;
  isLoading: boolean;
  /** Something may have changed while it was being listed. */
  isStale: boolean;
  /** What the watch told meanwhile. */
  missed: { changed: readonly Entry[]; removed: readonly string[] }[];
}

/** Lists directories and follows their changes until they are dropped. */
export class Directories {
  #watch: WatchClient;
  #live = new Map<string, Live>();
  #all = signal<ReadonlyMap<string, Directory>>(new Map());
  #order: Order;

  /** Every directory that is kept, by path. */
  readonly all: ReadonlySignal<ReadonlyMap<string, Directory>> = this.#all;

  constructor(watch: WatchClient, order: Order) {
    this.#watch = watch;
    this.#order = order;
  }

  /** Lists a directory and keeps it true. */
  keep(path: string): void {
    if (this.#live.has(path)) return;
    const live: Live = { unwatch: () => {}, wasListed: false, isLoading: false, isStale: false, missed: [] };
    this.#live.set(path, live);
    this.#put({ path, state: "loading", items: [], mayHaveHidden: false, problem: null, polling: null });
    // Listed before it is watched, a change in between would never be seen.
    live.unwatch = this.#watch.watch(path, {
      changed: (changed, removed) => this.apply(path, changed, removed),
      again: () => void this.refresh(path),
      gone: () => this.#change(path, { state: "gone", items: [] }),
      polling: (why) => this.#change(path, { polling: why }),
    });
    setTimeout(() => !live.wasListed && void this.refresh(path), WATCH_MS);
  }

  /** Forgets a directory. */
  drop(path: string): void {
    const live = this.#live.get(path);
    if (!live) return;
    live.unwatch();
    this.#live.delete(path);
    const rest = new Map(this.#all.value);
    rest.delete(path);
    this.#all.value = rest;
  }

  /** Lists a directory again. */
  async refresh(path: string): Promise<void> {
    const live = this.#live.get(path);
    if (!live) return;
    live.wasListed = true;
    if (live.isLoading) {
      live.isStale = true;
      return;
    }
    live.isLoading = true;
    await this.#list(path, live);
    live.isLoading = false;
    const { missed, isStale } = live;
    live.missed = [];
    live.isStale = false;
    for (const { changed, removed } of missed) this.apply(path, changed, removed);
    if (isStale) await this.refresh(path);
  }

  /** Takes what is known to have changed, before or after the watch tells it. */
  apply(path: string, changed: readonly Entry[], removed: readonly string[]): void {
    const live = this.#live.get(path);
    const directory = this.#all.value.get(path);
    if (!live || !directory) return;
    if (live.isLoading) live.missed.push({ changed, removed });
    const items = applied(directory.items, path, changed, removed, this.#order);
    this.#put({ ...directory, items, mayHaveHidden: directory.mayHaveHidden || changed.some(isHidden) });
  }

  /** Puts everything in another order. */
  reorder(order: Order): void {
    this.#order = order;
    const all = [...this.#all.value].map(([path, directory]) => {
      return [path, { ...directory, items: ordered(directory.items, order) }] as const;
    });
    this.#all.value = new Map(all);
  }

  async #list(path: string, live: Live): Promise<void> {
    try {
      const items = ordered(itemsOf(await list(path)), this.#order);
      if (this.#live.get(path) === live) {
        this.#change(path, { state: "listed", items, mayHaveHidden: items.some(isHidden), problem: null });
      }
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // The watch says `again` when the server is back.
      if (error.code === UNREACHED || this.#live.get(path) !== live) return;
      this.#change(path, { state: error.code === 404 ? "gone" : "refused", items: [], problem: error.message });
    }
  }

  #change(path: string, change: Partial<Directory>): void {
    const directory = this.#all.value.get(path);
    if (directory) this.#put({ ...directory, ...change });
  }

  #put(directory: Directory): void {
    this.#all.value = new Map(this.#all.value).set(directory.path, directory);
  }
}
