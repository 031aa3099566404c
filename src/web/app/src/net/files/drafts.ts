/**
 * What was typed and not saved, kept in the browser (IndexedDB).
 *
 * One draft a path; two windows that edit one file share it, and the later one
 * wins. Where the browser forbids it, nothing is kept and nothing fails.
 */

import type { Codec } from "../../model/files/text";

/** Text that the disk does not have yet. */
export interface Draft {
  path: string;
  text: string;
  codec: Codec;
  /** What the disk had when the editing began; `null`: there was no file. */
  hash: string | null;
  /** When it was kept, in milliseconds since 1970. */
  at: number;
}

const DATABASE = "cocalc-plus";
const TABLE = "drafts";

let opening: Promise<IDBDatabase> | null = null;

/** Keeps a draft in the place of an older one. */
export async function keepDraft(draft: Draft): Promise<void> {
  await within("readwrite", (table) => table.put(draft)).catch(() => {});
}

/** The draft of a path, if there is one. */
export async function draftOf(path: string): Promise<Draft | null> {
  const found = await within("readonly", (table) => table.get(path)).catch(() => undefined);
  return (found as Draft | undefined) ?? null;
}

/** Forgets the draft of a path. */
export async function dropDraft(path: string): Promise<void> {
  await within("readwrite", (table) => table.delete(path)).catch(() => {});
}

/** The paths that have drafts. */
export async function draftPaths(): Promise<string[]> {
  const found = await within("readonly", (table) => table.getAllKeys()).catch(() => []);
  return found as string[];
}

function open(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: "path" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function within<T>(mode: IDBTransactionMode, act: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return new Promise<T>((resolve, reject) => {
    const transaction = database.transaction(TABLE, mode);
    const request = act(transaction.objectStore(TABLE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}
