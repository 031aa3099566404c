/** Saving a text under another path. */

import { signal } from "@preact/signals-core";
import { base, meant, nameProblem, parent } from "../../model/files/paths";
import { UnwritableError } from "../../model/files/text";
import { FileError, type Seen } from "../../net/files/http";
import type { OpenFile } from "./document";

/** Why it was not saved: something is there (which may be replaced), or not at all. */
export type InTheWay = { there: Seen; path: string } | { problem: string };

/** Asks where to, and saves there. */
export class SaveAs {
  #others: () => readonly OpenFile[];
  #close: (file: OpenFile) => void;

  /** The file for which a path is asked for. */
  readonly asked = signal<OpenFile | null>(null);

  /** `others` are the open files; `close` closes one whose file was replaced. */
  constructor(others: () => readonly OpenFile[], close: (file: OpenFile) => void) {
    this.#others = others;
    this.#close = close;
  }

  /**
   * Saves the text under a path as it was typed: absolute, with `~`, or from
   * the file's own directory. What is there is replaced only if it was `seen`.
   * Gives what is in the way; the file stays what it was then.
   */
  async save(file: OpenFile, typed: string, home: string | null, seen: Seen = "absent"): Promise<InTheWay | null> {
    const path = meant(typed, parent(file.path.value), home);
    const problem = typed.endsWith("/") ? "a name is needed" : nameProblem(base(path));
    if (problem !== null) return { problem };
    if (path === file.path.value) {
      await file.save();
      return null;
    }
    const other = this.#others().find((one) => one !== file && one.path.value === path);
    if (other?.isUnsaved.value) return { problem: "it is open in another tab, and not saved there" };
    try {
      await file.saveAs(path, seen);
    } catch (error) {
      if (error instanceof UnwritableError) return { problem: error.message };
      if (!(error instanceof FileError)) throw error;
      if (error.code === 412 && error.hash !== null) return { there: { hash: error.hash }, path };
      return { problem: error.message };
    }
    if (other) this.#close(other);
    return null;
  }
}
