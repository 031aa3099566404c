/** What tabs and panes see of an open file. */

import { computed, signal } from "@preact/signals-core";
import { base } from "../../model/files/paths";
import { NEW_CODEC, type Codec } from "../../model/files/text";
import type { Shown } from "./look";
import type { OnDisk, Saving } from "./write";

/** Nothing is being saved. */
export const IDLE: Saving = { state: "idle" };

/** The facts of one file, without what changes them. */
export class FileState {
  /** Names the tab; stays when the file is renamed. */
  readonly id: string;
  /** Where it is. */
  readonly path = signal("");
  /** Whether the tab gives its place to the next file that is only looked at. */
  readonly isPassing = signal(false);
  /** Whether a program opened it, and nobody has looked at it since. */
  readonly isUnseen = signal(false);
  readonly shown = signal<Shown>({ kind: "loading" });
  /** Whether the text was edited since it was read or written. */
  readonly isDirty = signal(false);
  readonly saving = signal<Saving>(IDLE);
  readonly onDisk = signal<OnDisk>("same");
  /** A small word about what happened by itself. */
  readonly note = signal<string | null>(null);
  /** Whether the text is a draft that was restored. */
  readonly isRestored = signal(false);
  /** What the disk has, while both are compared. */
  readonly comparing = signal<string | null>(null);
  /** Whether the rendered Markdown is shown beside. */
  readonly isRendered = signal(false);
  /** Counts the changes on disk, for views that read by themselves. */
  readonly version = signal(0);
  /** How the text is written. */
  readonly codec = signal<Codec>(NEW_CODEC);
  readonly name = computed(() => base(this.path.value));
  /** Whether the page alone has the text: it was edited, or its file deleted. */
  readonly isUnsaved = computed(
    () => this.isDirty.value || (this.onDisk.value === "deleted" && this.shown.value.kind === "text"),
  );

  constructor(id: string, path: string) {
    this.id = id;
    this.path.value = path;
  }
}
