/** The rows of the explorer: a tree of directories, laid out flat. */

import { isFolder, isHidden, type Item } from "./listing";
import { depthBelow, isWithin, join, parent } from "./paths";

/** What the page knows of a directory. */
export interface Directory {
  path: string;
  state: "loading" | "listed" | "refused" | "gone";
  /** Its entries, in order; kept while it is listed again. */
  items: readonly Item[];
  /** Whether one of them may be hidden: spares to look through 100,000. */
  mayHaveHidden: boolean;
  /** Why it could not be listed. */
  problem: string | null;
  /** Why its changes show late; `null` while they show at once. */
  polling: string | null;
}

/** A row that is no entry: a directory's state in a word. */
export interface NoteRow {
  dir: string;
  note: "loading" | "empty" | "refused" | "gone" | "filtered";
  problem: string | null;
}

/** One row. */
export type Row = Item | NoteRow;

/** What decides which rows there are. */
export interface Layout {
  root: string;
  directories: ReadonlyMap<string, Directory>;
  expanded: ReadonlySet<string>;
  isHiddenShown: boolean;
  /** Only names that hold this, and what leads to them; empty for all. */
  filter: string;
}

/** Whether a row is an entry. */
export function isItem(row: object | undefined | null): row is Item {
  return row !== undefined && row !== null && "name" in row;
}

/** The path of an entry. */
export function pathOf(item: Item): string {
  return join(item.dir, item.name);
}

/** How deep a row is; 0 for those directly in the root. */
export function depthOf(row: Row, root: string): number {
  return depthBelow(row.dir, root);
}

/** All rows, in order. One directory without open folders costs no copy. */
export function rowsOf(layout: Layout): readonly Row[] {
  if (layout.filter === "") return below(layout, layout.root, new Set());
  // Spares a text in small letters for each of 100,000 names.
  const wanted = new RegExp(layout.filter.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
  return filtered(layout, layout.root, wanted, new Set());
}

function below(layout: Layout, path: string, above: ReadonlySet<string>): readonly Row[] {
  const directory = layout.directories.get(path);
  const items = seen(layout, directory);
  if (!directory || directory.state !== "listed" || items.length === 0) {
    if (items.length > 0 && directory?.state === "loading") return opened(layout, path, items, above);
    return [noteOf(path, directory, items.length)];
  }
  return opened(layout, path, items, above);
}

function opened(layout: Layout, path: string, items: readonly Item[], above: ReadonlySet<string>): readonly Row[] {
  // A link that leads to a directory above itself would have no end.
  const inside = new Set(above).add(path);
  const rows: Row[] = [];
  let hasOpen = false;
  for (const item of items) {
    if (!isFolder(item)) break;
    if (layout.expanded.has(pathOf(item))) {
      hasOpen = true;
      break;
    }
  }
  if (!hasOpen) return items;
  for (const item of items) {
    rows.push(item);
    if (!isFolder(item)) continue;
    const child = pathOf(item);
    if (!layout.expanded.has(child) || inside.has(child)) continue;
    for (const row of below(layout, child, inside)) rows.push(row);
  }
  return rows;
}

function filtered(layout: Layout, path: string, wanted: RegExp, above: ReadonlySet<string>): readonly Row[] {
  const directory = layout.directories.get(path);
  const inside = new Set(above).add(path);
  const rows: Row[] = [];
  for (const item of seen(layout, directory)) {
    const isWanted = wanted.test(item.name);
    const child = isFolder(item) ? pathOf(item) : "";
    const isOpen = child !== "" && layout.expanded.has(child) && !inside.has(child);
    const deeper = isOpen ? filtered(layout, child, wanted, inside).filter(isItem) : [];
    if (!isWanted && deeper.length === 0) continue;
    rows.push(item);
    for (const row of deeper) rows.push(row);
  }
  if (rows.length > 0) return rows;
  const state = directory?.state;
  return [state === "listed" ? { dir: path, note: "filtered", problem: null } : noteOf(path, directory, 0)];
}

function seen(layout: Layout, directory: Directory | undefined): readonly Item[] {
  const items = directory?.items ?? [];
  if (layout.isHiddenShown || !directory?.mayHaveHidden) return items;
  return items.filter((item) => !isHidden(item));
}

function noteOf(dir: string, directory: Directory | undefined, count: number): NoteRow {
  const state = directory?.state ?? "loading";
  const note = state === "listed" && count === 0 ? "empty" : state === "listed" ? "loading" : state;
  return { dir, note, problem: directory?.problem ?? null };
}

/**
 * Where the entry at `path` stands; -1 when it has no row.
 *
 * It is looked for from `near` on, both ways: who asks again and again knows
 * where it was, and 100,000 rows take as long as many frames.
 */
export function indexOfPath(rows: readonly Row[], path: string | null, near = 0): number {
  if (path === null) return -1;
  const at = path.lastIndexOf("/");
  const dir = at <= 0 ? "/" : path.slice(0, at);
  const name = path.slice(at + 1);
  const isIt = (row: Row | undefined) => isItem(row) && row.name === name && row.dir === dir;
  const middle = Math.min(Math.max(near, 0), rows.length);
  for (let after = middle, before = middle - 1; after < rows.length || before >= 0; after++, before--) {
    if (isIt(rows[after])) return after;
    if (isIt(rows[before])) return before;
  }
  return -1;
}

/** The first entry from `from` on, in steps of `step`; -1 without one. */
export function itemFrom(rows: readonly Row[], from: number, step: 1 | -1): number {
  for (let at = from; at >= 0 && at < rows.length; at += step) if (isItem(rows[at])) return at;
  return -1;
}

/** The next entry after `from` whose name begins with what was typed, around the end. */
export function typeAhead(rows: readonly Row[], from: number, typed: string): number {
  const wanted = typed.toLowerCase();
  for (let step = 0; step < rows.length; step++) {
    const at = (from + step) % rows.length;
    const row = rows[at];
    if (isItem(row) && row.name.toLowerCase().startsWith(wanted)) return at;
  }
  return -1;
}

/** Whether a directory above `path` is one of `paths`. */
export function liesInOneOf(path: string, paths: ReadonlySet<string>): boolean {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    if (paths.has(path.slice(0, at))) return true;
  }
  return false;
}

/** The selected paths without those that lie below another one of them. */
export function outermost(paths: ReadonlySet<string>): string[] {
  return [...paths].filter((path) => !liesInOneOf(path, paths));
}

/** Paths by the directory that they lie in. */
export function byDirectory(paths: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of paths) {
    const dir = parent(path);
    const there = found.get(dir);
    if (there) there.push(path);
    else found.set(dir, [path]);
  }
  return found;
}

/** Whether `paths` may be put into `directory`: none into itself, one at least from elsewhere. */
export function mayMoveTo(paths: readonly string[], directory: string): boolean {
  if (paths.some((path) => isWithin(directory, path))) return false;
  return paths.some((path) => join(directory, path.slice(path.lastIndexOf("/") + 1)) !== path);
}
