/** How a text comes to disk, and what became of it. */

import { LARGEST_TEXT_BYTES } from "../../model/files/kinds";
import { UnwritableError } from "../../model/files/text";
import { FileError, read, save, UNREACHED, type Seen } from "../../net/files/http";

/** How saving does. */
export type Saving = { state: "idle" | "saving" | "waiting" } | { state: "refused"; code: number; message: string };

/** What happened to the file on disk that a dirty text does not have. */
export type OnDisk = "same" | "changed" | "deleted";

/** What is on disk after a write. */
export interface Written {
  hash: string;
  mtime: number;
  size: number;
}

/** Tells by time and size whether a file changed since it was last looked at. */
export class Stamp {
  #last: string | null = null;

  /** The next look is a first one. */
  forget(): void {
    this.#last = null;
  }

  /** Takes a look; the first one finds nothing new. */
  isNew({ mtime, size }: { mtime: number; size: number }): boolean {
    const last = this.#last;
    this.#last = `${mtime} ${size}`;
    return last !== null && last !== this.#last;
  }
}

/**
 * Writes a whole file over what was last seen there; throws `FileError`.
 *
 * A file that is gone is made again. A 412 is no refusal when the disk has just
 * these bytes: an earlier try was carried out although no answer came.
 */
export async function writeOver(path: string, bytes: Uint8Array<ArrayBuffer>, seen: Seen): Promise<Written> {
  try {
    return await save(path, bytes, seen);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === 404 && seen !== "absent") return writeOver(path, bytes, "absent");
    if (error.code !== 412) throw error;
    const disk = await read(path, LARGEST_TEXT_BYTES).catch(() => null);
    if (!disk || !isSame(disk.bytes, bytes)) throw error;
    return disk;
  }
}

/** What the page says of a save that failed; `null` where the disk has other content. */
export function savingAfter(error: unknown): Saving | null {
  if (error instanceof UnwritableError) return { state: "refused", code: 400, message: error.message };
  if (!(error instanceof FileError)) throw error;
  if (error.code === 412) return null;
  return error.code === UNREACHED
    ? { state: "waiting" }
    : { state: "refused", code: error.code, message: error.message };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
