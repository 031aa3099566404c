/**
 * The way to files that the first load of the page carries.
 *
 * Everything else about files is a chunk of its own, fetched when the explorer
 * is shown, a file is opened, or one was open last time.
 */

import { signal } from "@preact/signals-core";
import { recall, recallHere, remember } from "../../net/storage";
import type { App } from "../app";
import type { Files } from "./files";

/** The wait before a chunk that did not come is asked for again, in milliseconds. */
const AGAIN_MS = 1000;

/** What is remembered where no file was open. */
export const NO_FILES = "{}";

/** Loads files when they are wanted. */
export class FilesDoor {
  #app: App;
  #loading: Promise<Files> | null = null;

  /** Whether the explorer is shown. */
  readonly isShown = signal(false);
  /** Everything about files; `null` until it was wanted. */
  readonly files = signal<Files | null>(null);
  /** Counts the wishes for the explorer to take the keyboard. */
  readonly focusWish = signal(0);

  constructor(app: App) {
    this.#app = app;
  }

  /** Gives the explorer its place again, before there is anything to show in it. */
  unfold(): void {
    // On a phone the explorer would cover the terminal that is wanted first.
    const isNarrow = matchMedia("(max-width: 640px)").matches;
    this.isShown.value = recall("explorerShown") === "yes" && !isNarrow;
  }

  /** Brings back what was shown and open last time. */
  restore(): void {
    if (this.isShown.value || (recallHere("openFiles") ?? NO_FILES) !== NO_FILES) void this.load();
  }

  /** Shows the explorer. */
  show(): void {
    this.isShown.value = true;
    remember("explorerShown", "yes");
    void this.load();
  }

  /** Hides the explorer, and gives the keyboard back. */
  hide(): void {
    this.isShown.value = false;
    remember("explorerShown", null);
    this.#app.workspace.focus();
  }

  /** Shows or hides the explorer. */
  toggle(): void {
    if (this.isShown.value) return this.hide();
    this.show();
    this.focusWish.value++;
  }

  /** Goes `step` tabs to the right, over terminals and files, around the end. */
  stepTab(step: number): void {
    this.selectTab(this.neighbourOf(this.files.value?.front.value?.id ?? this.#app.workspace.selected.value, step));
  }

  /** The tab `step` places to the right of one, over terminals and files. */
  neighbourOf(id: string | null, step: number): string | null {
    const ids = [...this.#app.workspace.tabs.value, ...(this.files.value?.open.value ?? [])];
    const at = ids.findIndex((one) => one.id === id);
    return ids[(at + step + ids.length) % ids.length]?.id ?? null;
  }

  /** Whether what was opened last left the keyboard in the tree. */
  staysInTree(): boolean {
    return this.files.value?.staysInTree === true;
  }

  /** Shows a tab: a terminal or a file. */
  selectTab(id: string | null): void {
    const file = this.files.value?.open.value.find((one) => one.id === id);
    if (file) this.files.value?.bringToFront(file);
    else this.#app.workspace.select(id);
  }

  /** Fetches what is behind the door, again and again until it comes. */
  load(): Promise<Files> {
    this.#loading ??= this.#fetch();
    return this.#loading;
  }

  async #fetch(): Promise<Files> {
    for (;;) {
      try {
        const module = await import("./files");
        const files = new module.Files(this.#app);
        this.files.value = files;
        return files;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }
}
