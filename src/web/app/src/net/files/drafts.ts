/**
 * What was typed and not saved, kept in the browser (IndexedDB).
 *
 * One draft for each path and window, so that two windows that edit one file
 * never write over each other's text. A draft of a window that is closed is
 * left to whichever opens the file next. Where the browser forbids it, nothing
 * is kept and nothing fails.
 */

import type { Codec } from "../../model/files/text";
import { openWindows, thisWindow } from "./window";

/** Text that the disk does not have yet. */
export interface Draft {
  path: string;
  text: string;
  codec: Codec;
  /** What the disk had when the editing began; `null`: there was no file. */
  hash: string | null;
  /** When it was edited last, in milliseconds since 1970. */
  at: number;
}

/** A draft and the window in which it was typed. */
export interface KeptDraft extends Draft {
  window: string;
}

const DATABASE = "cocalc-plus.drafts";
const TABLE = "by-window";

let opening: Promise<IDBDatabase> | null = null;

/** Keeps a draft of this window in the place of an older one. */
export async function keepDraft(draft: Draft): Promise<void> {
  const window = await thisWindow();
  await within("readwrite", (table) => table.put({ ...draft, window })).catch(() => {});
}

/** The drafts of a path. */
export interface Drafts {
  /** This window's. */
  own: KeptDraft | null;
  /** Those that closed windows left, the newest first. */
  left: KeptDraft[];
  /** The other windows that have one and are open. */
  open: string[];
}

/** Looks for the drafts of a path. */
export async function draftsOf(path: string): Promise<Drafts> {
  const [own, others] = await Promise.all([thisWindow(), openWindows()]);
  const range = IDBKeyRange.bound([path], [path, []]);
  const found = await within("readonly", (table) => table.getAll(range) as IDBRequest<KeptDraft[]>).catch(() => []);
  const foreign = found.filter(({ window }) => window !== own).sort((a, b) => b.at - a.at);
  return {
    own: found.find(({ window }) => window === own) ?? null,
    left: foreign.filter(({ window }) => !others.has(window)),
    open: foreign.filter(({ window }) => others.has(window)).map(({ window }) => window),
  };
}

/** Makes a draft that another window left one of this window. */
export async function adoptDraft(draft: KeptDraft): Promise<void> {
  const own = await thisWindow();
  if (draft.window === own) return;
  const move = (table: IDBObjectStore) => {
    table.put({ ...draft, window: own });
    return table.delete([draft.path, draft.window]);
  };
  await within("readwrite", move).catch(() => {});
}

/** Puts a draft where what is typed in this window from now on does not replace it. */
export async function setAside(draft: KeptDraft): Promise<KeptDraft> {
  if (draft.window !== (await thisWindow())) return draft;
  const aside = { ...draft, window: `${draft.window}.aside` };
  await within("readwrite", (table) => table.put(aside)).catch(() => {});
  return aside;
}

/** Forgets the draft of a path that was typed in this window, or in another one. */
export async function dropDraft(path: string, window?: string): Promise<void> {
  const key = [path, window ?? (await thisWindow())];
  await within("readwrite", (table) => table.delete(key)).catch(() => {});
}

function open(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ["path", "window"] });
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
