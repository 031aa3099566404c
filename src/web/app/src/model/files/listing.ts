/** One directory's entries: how they come, how they change, how they are ordered. */

import { sortKey } from "./natural";

/** `f`ile, `d`irectory, symbolic `l`ink, fifo `p`, `s`ocket, `c`har, `b`lock; `L` is a link to a directory. */
export type Kind = "f" | "d" | "l" | "p" | "s" | "c" | "b" | "L";

/** One entry of a directory. */
export interface Item {
  /** The directory that it lies in. */
  dir: string;
  name: string;
  /** The text that orders it by name. */
  key: string;
  kind: Kind;
  /** Bytes. */
  size: number;
  /** Milliseconds since 1970. */
  mtime: number;
  mode: number;
}

/** What `GET /files/list` answers: columns, unsorted. */
export interface WireListing {
  path: string;
  names: string[];
  kinds: string;
  sizes: number[];
  mtimes: number[];
  modes: number[];
}

/** One entry as calls and the watch have it. */
export interface WireEntry {
  name: string;
  kind: "file" | "directory" | "symlink" | "fifo" | "socket" | "char" | "block";
  size: number;
  mtime: number;
  mode: number;
  link?: { to: string; kind: string | null } | null;
  readable?: boolean;
}

/** What entries are ordered by; folders always come first. */
export interface Order {
  by: "name" | "size" | "mtime";
  isDescending: boolean;
}

const LETTERS: Record<WireEntry["kind"], Kind> = {
  file: "f",
  directory: "d",
  symlink: "l",
  fifo: "p",
  socket: "s",
  char: "c",
  block: "b",
};

/** Whether it can be opened like a directory. */
export function isFolder(item: { kind: Kind }): boolean {
  return item.kind === "d" || item.kind === "L";
}

/** The entries of a listing. */
export function itemsOf(listing: WireListing): Item[] {
  const { path: dir, names, kinds, sizes, mtimes, modes } = listing;
  return names.map((name, at) => ({
    dir,
    name,
    key: sortKey(name),
    kind: (kinds[at] ?? "f") as Kind,
    size: sizes[at] ?? 0,
    mtime: mtimes[at] ?? 0,
    mode: modes[at] ?? 0,
  }));
}

/** One entry of a directory. */
export function itemOf(dir: string, entry: WireEntry): Item {
  const letter = LETTERS[entry.kind] ?? "f";
  const kind = letter === "l" && entry.link?.kind === "directory" ? "L" : letter;
  const { name, size, mtime, mode } = entry;
  return { dir, name, key: sortKey(name), kind, size, mtime, mode };
}

/** Puts entries in order. An almost ordered array, as after a change, takes one pass. */
export function ordered(items: readonly Item[], { by, isDescending }: Order): Item[] {
  const folders: Item[] = [];
  const others: Item[] = [];
  for (const item of items) (isFolder(item) ? folders : others).push(item);
  const sign = isDescending ? -1 : 1;
  const byName = (a: Item, b: Item) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.name < b.name ? -sign : sign);
  const byNumber = (a: Item, b: Item) => (by === "name" ? 0 : (a[by] - b[by]) * sign) || byName(a, b);
  // Sizes of folders say nothing about what is in them.
  folders.sort(by === "mtime" ? byNumber : byName);
  others.sort(by === "name" ? byName : byNumber);
  for (const item of others) folders.push(item);
  return folders;
}

/** The entries after what the watch told; the rest keeps its order. */
export function applied(
  items: readonly Item[],
  dir: string,
  changed: readonly WireEntry[],
  removed: readonly string[],
): Item[] {
  const gone = new Set(removed);
  const news = new Map(changed.map((entry) => [entry.name, itemOf(dir, entry)]));
  const kept: Item[] = [];
  for (const item of items) {
    if (gone.has(item.name)) continue;
    const next = news.get(item.name);
    if (next) news.delete(item.name);
    kept.push(next ?? item);
  }
  kept.push(...news.values());
  return kept;
}
