/**
 * What changes on disk: `files.watch` on the bus, a stream for each path.
 *
 * Promise: after every connection, a watcher of a directory is told `again`
 * once the server watches, and one of a file what the file is now; so nothing
 * is missed. Nothing is told after its disposer ran.
 */

import { effect, untracked } from "@preact/signals-core";
import type { Disposer } from "../../model/disposers";
import type { Entry, FileState, WatchNews } from "../../model/methods";
import type { Bus } from "../bus";

/** The wait before a path is watched again of which nothing more is told, in milliseconds. */
const AGAIN_MS = 1000;

/** What is on disk at a watched file; `null` when nothing is. */
export type FileFact = FileState | null;

/** What a watcher of one path is told. */
export interface Watcher {
  /** Some entries of the directory changed. */
  changed?(changed: readonly Entry[], removed: readonly string[]): void;
  /** It must be listed, for the first time or again. */
  again?(): void;
  /** The directory is gone; `again` follows when it is made again. */
  gone?(): void;
  /** Changes show late, and why; `null`: they show at once. */
  polling?(why: string | null): void;
  /** The watched file is now this. */
  file?(fact: FileFact): void;
}

/** One path, whoever watches it, and the end of its stream. */
interface Watched {
  watchers: Set<Watcher>;
  stop: Disposer;
}

/** Watches any number of paths. */
export class WatchClient {
  #bus: Bus;
  #project: string | null = null;
  #watched = new Map<string, Watched>();
  #ignore: Disposer;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#ignore = effect(() => {
      if (bus.connection.value !== null) untracked(() => this.#followAll());
    });
  }

  /** Says which project is watched; `null` while none is within reach. */
  reach(project: string | null): void {
    if (project === null || project === this.#project) return;
    this.#project = project;
    this.#followAll();
  }

  /** Ends it. */
  stop(): void {
    this.#ignore();
    for (const watched of this.#watched.values()) watched.stop();
    this.#watched.clear();
  }

  /** Watches a directory or file until the disposer is called. */
  watch(path: string, watcher: Watcher): Disposer {
    const there = this.#watched.get(path);
    if (there) there.watchers.add(watcher);
    else {
      const watched = { watchers: new Set([watcher]), stop: () => {} };
      this.#watched.set(path, watched);
      this.#follow(path, watched);
    }
    return () => this.#forget(path, watcher);
  }

  #forget(path: string, watcher: Watcher): void {
    const there = this.#watched.get(path);
    if (!there?.watchers.delete(watcher) || there.watchers.size > 0) return;
    this.#watched.delete(path);
    there.stop();
  }

  #followAll(): void {
    for (const [path, watched] of this.#watched) this.#follow(path, watched);
  }

  #follow(path: string, watched: Watched): void {
    watched.stop();
    const connection = this.#bus.connection.peek();
    if (this.#project === null || connection === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isRefused = false;
    const stop = connection.follow(
      `project.${this.#project}.files.watch`,
      { path },
      (answer) => {
        const news = answer.json<WatchNews>();
        isRefused = "error" in news;
        for (const watcher of [...watched.watchers]) tell(watcher, news);
      },
      () => {
        if (!isRefused) timer = setTimeout(() => this.#follow(path, watched), AGAIN_MS);
      },
    );
    watched.stop = () => {
      clearTimeout(timer);
      stop();
    };
  }
}

function tell(watcher: Watcher, news: WatchNews): void {
  if ("polling" in news) watcher.polling?.(news.why);
  if ("watching" in news) watcher.polling?.(null);
  if ("gone" in news) return watcher.gone?.();
  // What cannot be watched may still be listed, and the listing says why not.
  if ("again" in news || "watching" in news || "polling" in news || "error" in news) return watcher.again?.();
  if ("file" in news) return watcher.file?.(news.file);
  watcher.changed?.(news.changed, news.removed);
}
