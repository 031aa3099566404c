/** Keeps the text of one file in the browser for as long as it is not saved. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import {
  adoptDraft,
  draftsOf,
  dropDraft,
  keepDraft,
  setAside,
  type Draft,
  type Drafts,
  type KeptDraft,
} from "../../net/files/drafts";
import { windowClosed } from "../../net/files/window";

/** A draft is kept so long after the last key, in milliseconds. */
const PAUSE_MS = 300;

/** Decides when; what there is to keep is asked for each time. */
export class DraftKeeper {
  #collect: () => Omit<Draft, "path" | "at"> | null;
  /** When it was edited last; to write it again does not make it newer. */
  #at = Date.now();
  #text: () => string | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitsFor = new Set<string>();
  #isOver = false;
  #left = signal<readonly KeptDraft[]>([]);

  /** What other windows left that is not shown, the newest first. */
  readonly left: ReadonlySignal<readonly KeptDraft[]> = this.#left;

  /** `collect` gives what is not saved, `null` when all is; `text` what is shown. */
  constructor(collect: () => Omit<Draft, "path" | "at"> | null, text: () => string | null) {
    this.#collect = collect;
    this.#text = text;
  }

  /** Finds what is to be shown in the place of what the disk has, if there is something. */
  async find(path: string): Promise<KeptDraft | null> {
    const { own } = await this.#look(path);
    return own ?? this.next();
  }

  /** Looks for what other windows left meanwhile. */
  async look(path: string): Promise<void> {
    await this.#look(path);
  }

  /** Ends it; what is kept stays. */
  end(): void {
    this.#isOver = true;
  }

  /** A found draft is not shown after all, and waits with the others. */
  async leave(draft: KeptDraft): Promise<void> {
    const aside = await setAside(draft);
    this.#left.value = [aside, ...this.#left.value.filter((one) => one !== draft)];
  }

  /** The next of those that other windows left. */
  next(): KeptDraft | null {
    const [next, ...others] = this.#left.value;
    this.#left.value = others;
    return next ?? null;
  }

  /** A draft is shown, and is one of this window from now on. */
  adopt(draft: KeptDraft): void {
    clearTimeout(this.#timer);
    void adoptDraft(draft);
  }

  /** Keeps what there is after the next pause in typing. */
  soon(path: string): void {
    this.#at = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(path), PAUSE_MS);
  }

  /** Keeps what there is at once, or forgets what was kept. */
  now(path: string): void {
    clearTimeout(this.#timer);
    const unsaved = this.#collect();
    void (unsaved ? keepDraft({ ...unsaved, path, at: this.#at }) : dropDraft(path));
  }

  /** Forgets what was kept. */
  drop(path: string): void {
    clearTimeout(this.#timer);
    void dropDraft(path);
  }

  /** Looks for drafts, and again when a window is closed that has one. */
  async #look(path: string): Promise<Drafts> {
    const drafts = await draftsOf(path);
    const text = this.#text();
    // What another window left and this one shows is no news.
    for (const same of drafts.left.filter((one) => one.text === text)) void dropDraft(same.path, same.window);
    this.#left.value = drafts.left.filter((one) => one.text !== text);
    for (const window of drafts.open.filter((one) => !this.#waitsFor.has(one))) {
      this.#waitsFor.add(window);
      void windowClosed(window).then(() => {
        this.#waitsFor.delete(window);
        if (!this.#isOver) void this.look(path);
      });
    }
    return drafts;
  }

  /** Forgets what other windows left. */
  dropLeft(): void {
    for (const { path, window } of this.#left.value) void dropDraft(path, window);
    this.#left.value = [];
  }
}
