/** A text being edited, as the rest of the page sees it. */

import type { Codec } from "./text";

/** What edits a text; implemented by the view with CodeMirror. */
export interface TextBuffer {
  /** The whole text, its lines ended as the codec says. */
  text(): string;
  /** Puts another text in its place, keeping cursor, selection and scroll as well as it can. */
  replace(text: string): void;
  /** Marks what is there now as what the disk has. */
  markSaved(): void;
  /** Whether the text differs from what was marked last. */
  isChanged(): boolean;
  /** Forbids or permits typing. */
  lock(isLocked: boolean): void;
  /** Takes the keyboard. */
  focus(): void;
  /** Performs an editor's own command. */
  run(command: "search" | "undo" | "redo" | "fold" | "unfold"): void;
}

/** What a buffer is made of. */
export interface Source {
  text: string;
  codec: Codec;
}

/** Where somebody stands in a text, by lines from 1 and columns from 0. */
export interface ViewState {
  line: number;
  column: number;
  /** The first line in view. */
  top: number;
}
