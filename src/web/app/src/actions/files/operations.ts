/** What is done to entries: make, rename, copy, move, trash, undo, delete. */

import { batch, computed, signal } from "@preact/signals-core";
import { base, join, nameProblem, parent, shown } from "../../model/files/paths";
import { byDirectory, mayMoveTo } from "../../model/files/tree";
import { plural } from "../../model/files/words";
import { CallError } from "../../net/calls";
import type { Job, TrashedItem } from "../../model/methods";
import { CANCELLED, type FileVerbs } from "../../net/files/verbs";
import type { Explorer } from "./explorer";

/** How long the bar offers to undo, in milliseconds; the palette does for longer. */
export const UNDO_MS = 10_000;

/** A job that takes long enough to be shown. */
export interface ShownJob {
  id: string;
  /** `Copying 3 entries`. */
  words: string;
  done: number;
  total: number;
}

/** What the clipboard of the explorer holds. */
export interface Clip {
  what: "copy" | "move";
  paths: readonly string[];
}

/** What can be taken back: what went to the trash last. */
export interface Undo {
  trashed: readonly TrashedItem[];
  words: string;
  /** Whether the bar shows it. */
  isShown: boolean;
}

/** Told what happens to entries, so that open files follow. */
export interface Followers {
  moved(from: string, to: string): void;
  removed(paths: readonly string[]): void;
}

/** Performs what a person does with the tree. */
export class Operations {
  #explorer: Explorer;
  #verbs: FileVerbs;
  #followers: Followers;
  #undoTimer: ReturnType<typeof setTimeout> | undefined;

  /** Why the last thing asked for did not happen. */
  readonly problem = signal<string | null>(null);
  /** What was cut or copied. */
  readonly clip = signal<Clip | null>(null);
  /** What Ctrl+Z takes back. */
  readonly undo = signal<Undo | null>(null);
  /** What waits for a yes before it is deleted for good, and why it is asked. */
  readonly confirming = signal<{ paths: readonly string[]; why: string | null } | null>(null);
  /** What is under way. */
  readonly jobs = signal<readonly ShownJob[]>([]);
  /** The paths that are cut, to be drawn fainter. */
  readonly cut = computed(() => new Set(this.clip.value?.what === "move" ? this.clip.value.paths : []));

  constructor(explorer: Explorer, verbs: FileVerbs, followers: Followers) {
    this.#explorer = explorer;
    this.#verbs = verbs;
    this.#followers = followers;
  }

  /** Makes a file or directory; gives its path, or `null` and says why not. */
  async create(dir: string, name: string, kind: "file" | "directory"): Promise<string | null> {
    return this.#attempt(`${quoted(name)} was not made`, async () => {
      refuseName(name.split("/").filter(Boolean).at(-1) ?? "");
      const path = join(dir, name.replace(/^\/+|\/+$/g, ""));
      const entry = await this.#verbs.create(path, kind);
      this.#explorer.directories.apply(parent(path), [entry], []);
      this.#explorer.reveal(path);
      return path;
    });
  }

  /** Gives an entry another name. */
  async rename(path: string, name: string): Promise<boolean> {
    if (name === base(path)) return true;
    const to = join(parent(path), name);
    const isDone = await this.#attempt(`${quoted(base(path))} was not renamed`, async () => {
      refuseName(name);
      const entry = await this.#verbs.rename(path, to);
      // At once, so that a folder that is open stays so under its new name.
      batch(() => {
        this.#explorer.directories.apply(parent(path), [entry], [base(path)]);
        this.#explorer.selection.only(to);
        this.#followers.moved(path, to);
      });
      return true;
    });
    return isDone === true;
  }

  /** Remembers the selected entries for a paste. */
  take(what: Clip["what"]): void {
    const paths = this.#explorer.selection.paths();
    this.clip.value = paths.length > 0 ? { what, paths } : null;
  }

  /** Puts what was cut or copied into the selected directory. */
  async paste(): Promise<void> {
    const clip = this.clip.value;
    if (!clip) return;
    if (clip.what === "move") this.clip.value = null;
    const dir = this.#explorer.target();
    if (dir !== this.#explorer.root.peek()) this.#explorer.expand(dir);
    await this.put(clip.what, clip.paths, dir);
  }

  /** Copies the selected entries beside themselves. */
  async duplicate(): Promise<void> {
    const paths = this.#explorer.selection.paths();
    for (const [dir, inside] of byDirectory(paths)) await this.put("copy", inside, dir);
  }

  /** Copies or moves entries into a directory. */
  async put(what: Clip["what"], paths: readonly string[], dir: string): Promise<void> {
    const sources = what === "move" ? paths.filter((path) => parent(path) !== dir) : paths;
    if (sources.length === 0 || (what === "move" && !mayMoveTo(sources, dir))) return;
    const verb = what === "move" ? "Moving" : "Copying";
    await this.#attempt(`${countOf(sources)} ${what === "move" ? "was not moved" : "was not copied"}`, async () => {
      await this.#run(`${verb} ${countOf(sources)}`, await this.#verbs.begin(what, sources, dir));
      if (what === "move") for (const path of sources) this.#followers.moved(path, join(dir, base(path)));
    });
  }

  /** Moves the selected entries to the trash. */
  async trash(): Promise<void> {
    const paths = this.#explorer.selection.paths();
    if (paths.length === 0) return;
    try {
      this.problem.value = null;
      const { trashed, error } = await this.#verbs.trash(paths);
      const gone = trashed.map(({ path }) => path);
      this.#explorer.selection.afterRemoving(gone);
      this.#removed(gone);
      if (gone.length > 0) this.#offerUndo(trashed);
      const rest = paths.filter((path) => !gone.includes(path));
      if (error) this.problem.value = `${countOf(rest)} was not moved to the trash: ${error.message}`;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // Some file systems have no place for a trash; nothing was removed then.
      if (error.reason === "no-trash") this.confirming.value = { paths, why: error.message };
      else this.problem.value = `${countOf(paths)} was not moved to the trash: ${error.message}`;
    }
  }

  /** Brings back what went to the trash last. */
  async takeBack(): Promise<void> {
    const undo = this.undo.value;
    if (!undo) return;
    this.undo.value = null;
    const isDone = await this.#attempt("it could not be brought back", async () => {
      await this.#verbs.restore(undo.trashed.map(({ id }) => id));
      const first = undo.trashed[0]?.path;
      for (const dir of new Set(undo.trashed.map(({ path }) => parent(path))))
        void this.#explorer.directories.refresh(dir);
      if (first !== undefined) this.#explorer.reveal(first);
      return true;
    });
    if (!isDone) this.undo.value = { ...undo, isShown: false };
  }

  /** Hides the bar that offers to undo. */
  hideUndo(): void {
    clearTimeout(this.#undoTimer);
    if (this.undo.value) this.undo.value = { ...this.undo.value, isShown: false };
  }

  /** Asks before the selected entries are deleted for good. */
  askToDelete(): void {
    const paths = this.#explorer.selection.paths();
    if (paths.length > 0) this.confirming.value = { paths, why: null };
  }

  /** Deletes for good. */
  async deleteForGood(paths: readonly string[]): Promise<void> {
    this.confirming.value = null;
    await this.#attempt(`${countOf(paths)} was not deleted`, async () => {
      await this.#run(`Deleting ${countOf(paths)}`, await this.#verbs.beginDelete(paths));
      this.#explorer.selection.afterRemoving(paths);
      this.#removed(paths);
    });
  }

  /** Stops a job; what it did stays. */
  async cancel(id: string): Promise<void> {
    await this.#attempt("it could not be stopped", () => this.#verbs.cancel(id));
  }

  #offerUndo(trashed: readonly TrashedItem[]): void {
    clearTimeout(this.#undoTimer);
    const words = `${countOf(trashed.map(({ path }) => path))} moved to the trash`;
    this.undo.value = { trashed, words, isShown: true };
    this.#undoTimer = setTimeout(() => this.hideUndo(), UNDO_MS);
  }

  #removed(paths: readonly string[]): void {
    for (const [dir, inside] of byDirectory(paths)) {
      this.#explorer.directories.apply(dir, [], inside.map(base));
    }
    this.#followers.removed(paths);
  }

  async #run(words: string, id: string): Promise<void> {
    const shownNow = (state: Job) => {
      const job = { id, words, done: state.done, total: state.total };
      this.jobs.value = [...this.jobs.value.filter((one) => one.id !== id), job];
    };
    try {
      await this.#verbs.follow(id, (state) => state.state === "running" && shownNow(state));
    } finally {
      this.jobs.value = this.jobs.value.filter((one) => one.id !== id);
    }
  }

  async #attempt<T>(what: string, attempt: () => Promise<T>): Promise<T | null> {
    try {
      this.problem.value = null;
      return await attempt();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.code === CANCELLED) return null;
      this.problem.value = `${what}: ${error.message}`;
      return null;
    }
  }
}

/** `` `notes.txt` ``, or `3 entries`. */
export function countOf(paths: readonly string[]): string {
  return paths.length === 1 ? quoted(base(paths[0] ?? "")) : plural(paths.length, "entry", "entries");
}

function quoted(name: string): string {
  return `\`${shown(name)}\``;
}

function refuseName(name: string): void {
  const problem = nameProblem(name);
  if (problem !== null) throw new CallError(400, problem);
}
