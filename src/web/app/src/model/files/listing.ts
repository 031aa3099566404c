/** One directory's entries: how they come, how they change, how they are ordered. */

import type { Entry } from "../methods";
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

/** What entries are ordered by; folders always come first. */
export interface Order {
  by: "name" | "size" | "mtime";
  isDescending: boolean;
}

/** Of more changes than this, none is put into its place by itself: each moves all that follow. */
const MOST_PLACED = 50;

const LETTERS: Record<Entry["kind"], Kind> = {
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
export function itemOf(dir: string, entry: Entry): Item {
  const letter = LETTERS[entry.kind] ?? "f";
  const kind = letter === "l" && entry.link?.kind === "directory" ? "L" : letter;
  const { name, size, mtime, mode } = entry;
  return { dir, name, key: sortKey(name), kind, size, mtime, mode };
}

/** Whether it is shown only on request. */
export function isHidden({ name }: { name: string }): boolean {
  return name.startsWith(".");
}

/** Puts entries in order. */
export function ordered(items: readonly Item[], order: Order): Item[] {
  return [...items].sort(comparison(order));
}

/** The entries, which are in order, after what the watch told; in order again. */
export function applied(
  items: readonly Item[],
  dir: string,
  changed: readonly Entry[],
  removed: readonly string[],
  order: Order,
): Item[] {
  const news = new Map(changed.map((entry) => [entry.name, itemOf(dir, entry)]));
  const gone = new Set([...removed, ...news.keys()]);
  if (gone.size > MOST_PLACED) {
    const kept = items.filter(({ name }) => !gone.has(name));
    return ordered([...kept, ...news.values()], order);
  }
  const next = [...items];
  for (const name of gone) {
    const at = indexOfName(name, next, order);
    if (at >= 0) next.splice(at, 1);
  }
  for (const item of news.values()) next.splice(placeFor(item, next, order), 0, item);
  return next;
}

type Compare = (a: Item, b: Item) => number;

function comparison({ by, isDescending }: Order): Compare {
  const sign = isDescending ? -1 : 1;
  const byName: Compare = (a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : a.name < b.name ? -sign : a.name > b.name ? sign : 0);
  return (a, b) => {
    const areFolders = isFolder(a);
    if (areFolders !== isFolder(b)) return areFolders ? -1 : 1;
    // Sizes of folders say nothing about what is in them.
    if (by === "name" || (by === "size" && areFolders)) return byName(a, b);
    return (a[by] - b[by]) * sign || byName(a, b);
  };
}

/** Where `item` belongs among others that are in order. */
function placeFor(item: Item, items: readonly Item[], order: Order): number {
  const compare = comparison(order);
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compare(items[middle] as Item, item) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Where the entry of that name is among those in order; -1 without one. */
function indexOfName(name: string, items: readonly Item[], order: Order): number {
  if (order.by !== "name") return items.findIndex((item) => item.name === name);
  const probe: Item = { dir: "", name, key: sortKey(name), kind: "f", size: 0, mtime: 0, mode: 0 };
  const places = [probe, { ...probe, kind: "d" as const }].map((one) => placeFor(one, items, order));
  return places.find((at) => items[at]?.name === name) ?? -1;
}
