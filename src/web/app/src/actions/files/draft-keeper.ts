/** Keeps the text of one file in the browser for as long as it is not saved. */

import { dropDraft, keepDraft, type Draft } from "../../net/files/drafts";

/** A draft is kept so long after the last key, in milliseconds. */
const PAUSE_MS = 300;

/** Decides when; what there is to keep is asked for each time. */
export class DraftKeeper {
  #collect: () => Omit<Draft, "path" | "at"> | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `collect` gives what is not saved; `null` when all is. */
  constructor(collect: () => Omit<Draft, "path" | "at"> | null) {
    this.#collect = collect;
  }

  /** Keeps what there is after the next pause in typing. */
  soon(path: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(path), PAUSE_MS);
  }

  /** Keeps what there is at once, or forgets what was kept. */
  now(path: string): void {
    clearTimeout(this.#timer);
    const unsaved = this.#collect();
    void (unsaved ? keepDraft({ ...unsaved, path, at: Date.now() }) : dropDraft(path));
  }

  /** Forgets what was kept. */
  drop(path: string): void {
    clearTimeout(this.#timer);
    void dropDraft(path);
  }
}
