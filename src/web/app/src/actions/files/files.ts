/** Files: the explorer, what is open, and what is under way. */

import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals-core";
import { Disposers } from "../../model/disposers";
import type { ViewState } from "../../model/files/buffer";
import { isWithin } from "../../model/files/paths";
import { liesInOneOf } from "../../model/files/tree";
import { CallError } from "../../net/calls";
import { FileVerbs } from "../../net/files/verbs";
import { WatchClient } from "../../net/files/watch";
import { download, FileError, ticket } from "../../net/files/http";
import { recallHere, rememberHere } from "../../net/storage";
import type { App } from "../app";
import { OpenFile } from "./document";
import { NO_FILES } from "./door";
import { Explorer } from "./explorer";
import { Operations } from "./operations";
import { SaveAs } from "./save-as";
import { ViewStates } from "./view-states";
import { Uploads } from "./uploads";

interface Remembered {
  paths: string[];
  /** The path in front; `null` when a terminal was. */
  front: string | null;
  /** Where each text was left, by path. */
  viewStates: Record<string, Partial<ViewState>>;
}

/** The most files that are opened again. */
const MOST_REMEMBERED = 40;

/** Owns everything about files, from the first time it is wanted. */
export class Files {
  #app: App;
  #disposers = new Disposers();
  #watch: WatchClient;
  #open = signal<readonly OpenFile[]>([]);
  #project: string | null = null;
  #lastId = 0;

  readonly verbs: FileVerbs;
  readonly explorer: Explorer;
  readonly operations: Operations;
  readonly uploads: Uploads;
  /** Where the open texts were left. */
  readonly viewStates = new ViewStates();
  readonly saveAs = new SaveAs(
    () => this.#open.value,
    (file) => this.close(file),
  );
  /** Whether what was opened last left the keyboard in the tree. */
  staysInTree = false;
  /** The open files, in the order of their tabs. */
  readonly open: ReadonlySignal<readonly OpenFile[]> = this.#open;
  /** The file in front; `null` while a terminal is. */
  readonly front = computed(() => this.#open.value.find((file) => file === this.#app.workspace.cover.value) ?? null);
  /** The unsaved file that waits for a yes before its tab closes. */
  readonly closing = signal<OpenFile | null>(null);

  constructor(app: App) {
    this.#app = app;
    this.verbs = new FileVerbs(app.calls);
    this.#watch = new WatchClient(app.bus);
    this.explorer = new Explorer(this.#watch);
    this.operations = new Operations(this.explorer, this.verbs, {
      moved: (from, to) => this.#moved(from, to),
      removed: (paths) => this.#removed(new Set(paths)),
    });
    this.uploads = new Uploads(this.explorer, this.verbs);
    const project = computed(() => app.session.ready.value?.project ?? null);
    this.#disposers.add(
      effect(() => {
        const reached = project.value;
        untracked(() => void this.#reach(reached));
      }),
    );
    this.#restore();
    this.#disposers.add(effect(() => this.#remember()));
    this.#disposers.add(this.#guard());
  }

  /** Ends all connections. */
  dispose(): void {
    for (const file of this.#open.value) file.stop();
    this.#watch.stop();
    this.#disposers.dispose();
  }

  /** Opens a file in a tab, or a directory in the explorer. */
  async openPath(path: string, { isPassing = false, staysInTree = false } = {}): Promise<void> {
    this.staysInTree = staysInTree;
    const there = this.#open.value.find((file) => file.path.value === path);
    if (there) {
      if (!isPassing) there.isPassing.value = false;
      this.bringToFront(there);
      // It may be in front already, and then nothing else gives it the keyboard.
      if (!staysInTree) this.#app.workspace.focus();
      return;
    }
    const file = this.#make(path);
    file.isPassing.value = isPassing;
    const passing = this.#open.value.find((one) => one.isPassing.value && !one.isUnsaved.value);
    if (isPassing && passing) {
      this.#open.value = this.#open.value.map((one) => (one === passing ? file : one));
      passing.stop();
    } else this.#open.value = [...this.#open.value, file];
    this.bringToFront(file);
  }

  /** Opens a file in a tab that is marked until somebody looks at it. */
  openBehind(path: string): void {
    const there = this.#open.value.find((file) => file.path.value === path);
    const file = there ?? this.#make(path);
    if (!there) this.#open.value = [...this.#open.value, file];
    file.isUnseen.value = this.front.value !== file;
  }

  /** Opens a terminal in a directory. */
  async openTerminal(directory: string): Promise<void> {
    this.staysInTree = false;
    await this.#app.workspace.open(directory);
  }

  /** Shows an open file. */
  bringToFront(file: OpenFile): void {
    this.closing.value = null;
    file.isUnseen.value = false;
    this.#app.workspace.cover.value = file;
    void file.begin();
  }

  /** Closes a tab; asks first when something would be lost. */
  askToClose(file: OpenFile): void {
    if (file.isUnsaved.value) this.closing.value = this.closing.value === file ? null : file;
    else this.close(file);
  }

  /** Closes a tab, and forgets what was not saved. */
  close(file: OpenFile): void {
    this.closing.value = null;
    const all = this.#open.value;
    const at = all.indexOf(file);
    const wasFront = this.front.value === file;
    file.close();
    this.#open.value = all.filter((one) => one !== file);
    if (!wasFront) return;
    const next = all[at + 1] ?? all[at - 1];
    if (next) this.bringToFront(next);
    else this.#app.workspace.cover.value = null;
  }

  /** Saves, then closes; stays open when the save is refused. */
  async saveAndClose(file: OpenFile): Promise<void> {
    this.closing.value = null;
    await file.save();
    if (!file.isUnsaved.value) this.close(file);
    else this.bringToFront(file);
  }

  /** Gives the selected entries to the browser's downloads. */
  async download(paths: readonly string[], foldersOf: (path: string) => boolean): Promise<void> {
    try {
      for (const path of paths) download(await ticket(path, foldersOf(path) ? "archive" : "download"));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.operations.problem.value = `it could not be downloaded: ${error.message}`;
    }
  }

  #make(path: string): OpenFile {
    return new OpenFile(`file-${++this.#lastId}`, path, this.verbs, this.#watch);
  }

  async #reach(project: string | null): Promise<void> {
    this.#project = project;
    this.verbs.reach(project);
    this.#watch.reach(project);
    if (project === null) return;
    this.uploads.reachable();
    for (const file of this.#open.value) file.reachable();
    if (this.explorer.home.value !== null) return;
    try {
      this.explorer.begin(await this.verbs.home());
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (this.#project !== null) this.operations.problem.value = `the home directory was not found: ${error.message}`;
    }
  }

  #moved(from: string, to: string): void {
    for (const file of this.#open.value) {
      const path = file.path.value;
      if (isWithin(path, from)) file.moved(to + path.slice(from.length));
    }
    this.explorer.moved(from, to);
  }

  /** What was deleted here on purpose closes; a text that was edited stays. */
  #removed(paths: ReadonlySet<string>): void {
    for (const file of this.#open.value) {
      const path = file.path.value;
      if (!file.isDirty.value && (paths.has(path) || liesInOneOf(path, paths))) this.close(file);
    }
  }

  #restore(): void {
    const { paths, front, viewStates } = readRemembered();
    this.#open.value = paths.map((path) => this.#make(path));
    for (const file of this.#open.value) this.viewStates.take(file, viewStates[file.path.value]);
    const file = this.#open.value.find((one) => one.path.value === front);
    if (file && this.#app.workspace.cover.value === null) this.bringToFront(file);
  }

  #remember(): void {
    const files = this.#open.value.filter((file) => !file.isPassing.value).slice(-MOST_REMEMBERED);
    const paths = files.map((file) => file.path.value);
    const front = this.front.value?.path.value ?? null;
    const viewStates = Object.fromEntries(files.map((file) => [file.path.value, this.viewStates.of(file) ?? undefined]));
    rememberHere("openFiles", paths.length > 0 ? JSON.stringify({ paths, front, viewStates }) : NO_FILES);
  }

  /** A closed page loses no text: drafts are kept, and the browser asks. */
  #guard(): () => void {
    const unsaved = () => this.#open.value.filter((file) => file.isUnsaved.value);
    const leaving = (event: BeforeUnloadEvent) => {
      // When the page is hidden, it is too late to write what was typed last.
      unsaved().forEach((file) => file.keepDraft());
      if (unsaved().length > 0 || this.uploads.isBusy()) event.preventDefault();
    };
    const hidden = () => {
      unsaved().forEach((file) => file.keepDraft());
      this.explorer.keepPlace();
      this.#remember();
    };
    addEventListener("beforeunload", leaving);
    addEventListener("pagehide", hidden);
    document.addEventListener("visibilitychange", hidden);
    return () => {
      removeEventListener("beforeunload", leaving);
      removeEventListener("pagehide", hidden);
      document.removeEventListener("visibilitychange", hidden);
    };
  }
}

function readRemembered(): Remembered {
  try {
    const { paths, front, viewStates } = JSON.parse(recallHere("openFiles") ?? NO_FILES) as Partial<Remembered>;
    const texts = Array.isArray(paths) ? paths.filter((path) => typeof path === "string") : [];
    return { paths: [...new Set(texts)], front: typeof front === "string" ? front : null, viewStates: viewStates ?? {} };
  } catch {
    return { paths: [], front: null, viewStates: {} };
  }
}
