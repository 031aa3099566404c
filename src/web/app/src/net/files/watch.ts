/**
 * What changes on disk, over the `/files/watch` WebSocket.
 *
 * Promise: after every connection, a watcher of a directory is told `again`
 * once the server watches, and one of a file what the file is now; so nothing
 * is missed. Nothing is told after its disposer ran.
 */

import type { Disposer } from "../../model/disposers";
import type { Entry } from "../../model/methods";
import { KeptSocket } from "../socket";

/** What is on disk at a watched file; `null` when nothing is. */
export type FileFact = { hash: string | null; mtime: number; size: number } | null;

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

interface Told {
  path: string;
  changed?: Entry[];
  removed?: string[];
  watching?: boolean;
  again?: boolean;
  gone?: boolean;
  polling?: boolean;
  why?: string;
  file?: FileFact;
  error?: { code: number; message: string };
}

/** Watches any number of paths over one WebSocket. */
export class WatchClient {
  #watchers = new Map<string, Set<Watcher>>();
  #socket = new KeptSocket("/files/watch", {
    opened: () => this.#opened(),
    message: (data) => this.#told(data),
  });

  constructor() {
    this.#socket.gate(false);
    this.#socket.start();
  }

  /** Says whether requests reach the server. */
  gate(open: boolean): void {
    this.#socket.gate(open);
  }

  /** Ends it. */
  stop(): void {
    this.#watchers.clear();
    this.#socket.stop();
  }

  /** Watches a directory or file until the disposer is called. */
  watch(path: string, watcher: Watcher): Disposer {
    const there = this.#watchers.get(path);
    if (there) there.add(watcher);
    else {
      this.#watchers.set(path, new Set([watcher]));
      this.#send({ watch: path });
    }
    return () => this.#forget(path, watcher);
  }

  #forget(path: string, watcher: Watcher): void {
    const there = this.#watchers.get(path);
    if (!there?.delete(watcher) || there.size > 0) return;
    this.#watchers.delete(path);
    this.#send({ unwatch: path });
  }

  #opened(): void {
    for (const path of this.#watchers.keys()) this.#send({ watch: path });
  }

  #told(data: string | ArrayBuffer): void {
    if (typeof data !== "string") return;
    this.#socket.proved();
    const told = JSON.parse(data) as Told;
    for (const watcher of [...(this.#watchers.get(told.path) ?? [])]) tell(watcher, told);
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}

function tell(watcher: Watcher, told: Told): void {
  if (told.polling) watcher.polling?.(told.why ?? "");
  if (told.watching) watcher.polling?.(null);
  if (told.gone) return watcher.gone?.();
  // What cannot be watched may still be listed, and the listing says why not.
  if (told.again || told.watching || told.polling || told.error) return watcher.again?.();
  if (told.file !== undefined) return watcher.file?.(told.file);
  if (told.changed || told.removed) watcher.changed?.(told.changed ?? [], told.removed ?? []);
}
