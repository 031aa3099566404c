/** The explorer: which directory is shown, what is open in it, in which order. */

import { computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals-core";
import { isFolder, type Item, type Order } from "../../model/files/listing";
import { base, isWithin, parent } from "../../model/files/paths";
import { indexOfPath, isItem, pathOf, rowsOf, type Row } from "../../model/files/tree";
import type { WatchClient } from "../../net/files/watch";
import { recall, remember } from "../../net/storage";
import { Directories } from "./directories";
import { Selection } from "./selection";

/** What is typed into the tree just now: a new name, or another one. */
export type Naming = { kind: "file" | "directory"; dir: string } | { kind: "rename"; path: string };

/** The row in which a new name is typed. */
export interface NamingRow {
  dir: string;
  naming: "file" | "directory";
}

/** A row of the explorer. */
export type ExplorerRow = Row | NamingRow;

interface Remembered {
  root: string;
  order: Order;
  isHiddenShown: boolean;
  width: number;
  /** The open folders, those opened last at the end. */
  expanded: readonly string[];
  /** How far the tree was scrolled, in CSS pixels. */
  top: number;
}

/** The most open folders that are remembered: each is listed and watched again. */
const MOST_EXPANDED = 200;

/** What is scrolled is remembered after a pause of so long, in milliseconds. */
const SCROLLED_MS = 300;

/** The panel's width before anyone changed it, and its bounds, in CSS pixels. */
export const WIDTHS = { usual: 280, smallest: 180, largest: 900 } as const;

const USUAL: Remembered = {
  root: "~",
  order: { by: "name", isDescending: false },
  isHiddenShown: false,
  width: WIDTHS.usual,
  expanded: [],
  top: 0,
};

/** Owns the tree. */
export class Explorer {
  #kept = signal<Remembered>(readRemembered());
  #root = signal("");
  #expanded = signal<ReadonlySet<string>>(new Set(this.#kept.peek().expanded));
  #top = this.#kept.peek().top;
  #scrolling: ReturnType<typeof setTimeout> | undefined;

  /** The directories on screen. */
  readonly directories: Directories;
  /** The home directory, as soon as it is known. */
  readonly home = signal<string | null>(null);
  /** The directory that is shown; empty before it is known. */
  readonly root: ReadonlySignal<string> = this.#root;
  /** The open folders. */
  readonly expanded: ReadonlySignal<ReadonlySet<string>> = this.#expanded;
  /** Names must hold this; empty for all. */
  readonly filter = signal("");
  /** The name that is being typed. */
  readonly naming = signal<Naming | null>(null);
  /** What entries are ordered by. */
  readonly order = computed(() => this.#kept.value.order);
  /** Whether names that begin with a dot are shown. */
  readonly isHiddenShown = computed(() => this.#kept.value.isHiddenShown);
  /** The panel's width in CSS pixels. */
  readonly width = computed(() => this.#kept.value.width);
  /** Entries and notes, without the row for a new name. */
  readonly rows = computed<readonly Row[]>(() =>
    rowsOf({
      root: this.#root.value,
      directories: this.directories.all.value,
      expanded: this.#expanded.value,
      isHiddenShown: this.isHiddenShown.value,
      filter: this.filter.value,
    }),
  );
  /** All rows, as they are drawn. */
  readonly drawn = computed<readonly ExplorerRow[]>(() => this.#withNaming());
  /** The selected entries. */
  readonly selection: Selection;
  /** Why changes show late, where they do. */
  readonly polling = computed(() => {
    for (const directory of this.directories.all.value.values())
      if (directory.polling !== null) return directory.polling;
    return null;
  });

  constructor(watch: WatchClient) {
    this.directories = new Directories(watch, this.#kept.peek().order);
    this.selection = new Selection(this.rows);
    effect(() => {
      void this.directories.all.value;
      untracked(() => this.#forgetVanished());
    });
  }

  /** Takes the home directory, and shows what was shown last. */
  begin(home: string): void {
    this.home.value = home;
    if (this.#root.peek() !== "") return;
    const { root, top } = this.#kept.peek();
    this.show(root === "~" ? home : root);
    this.scrolled(top);
  }

  /** Shows another directory. */
  show(path: string): void {
    if (path === this.#root.peek()) return;
    this.naming.value = null;
    this.filter.value = "";
    this.selection.clear();
    this.scrolled(0);
    this.#root.value = path;
    this.#keep({ root: path === this.home.peek() ? "~" : path });
    this.#follow();
  }

  /** Shows the directory above, with the one left selected. */
  up(): void {
    const left = this.#root.peek();
    if (left === "/" || left === "") return;
    this.show(parent(left));
    this.selection.only(left);
  }

  /** Opens a folder in the tree. */
  expand(path: string): void {
    if (this.#expanded.peek().has(path)) return;
    this.#open(new Set(this.#expanded.peek()).add(path));
  }

  /** Closes a folder in the tree; what is open below it stays so for the next time. */
  collapse(path: string): void {
    const rest = new Set(this.#expanded.peek());
    if (rest.delete(path)) this.#open(rest);
  }

  /** Closes every folder in the tree. */
  collapseAll(): void {
    this.#open(new Set());
  }

  /** A directory has another path now; what is open in it stays open. */
  moved(from: string, to: string): void {
    const place = (path: string) => (isWithin(path, from) ? to + path.slice(from.length) : path);
    this.#open(new Set([...this.#expanded.peek()].map(place)));
    if (isWithin(this.#root.peek(), from)) this.show(parent(to));
  }

  /** Opens or closes a folder in the tree. */
  toggle(path: string): void {
    if (this.#expanded.peek().has(path)) this.collapse(path);
    else this.expand(path);
  }

  /** Makes an entry visible and selects it; its row may come a moment later. */
  reveal(path: string): void {
    const root = this.#root.peek();
    if (root === "" || !isWithin(path, root) || path === root) this.show(parent(path));
    const top = this.#root.peek();
    for (let dir = parent(path); dir !== top && isWithin(dir, top); dir = parent(dir)) this.expand(dir);
    if (base(path).startsWith(".")) this.showHidden(true);
    this.selection.only(path);
  }

  /** Orders by a column; the same one again turns it round. */
  orderBy(by: Order["by"]): void {
    const { by: before, isDescending } = this.order.peek();
    // The newest and the largest come first, because they are what one looks for.
    const order: Order = { by, isDescending: by === before ? !isDescending : by !== "name" };
    this.#keep({ order });
    this.directories.reorder(order);
  }

  /** Shows names that begin with a dot, or hides them. */
  showHidden(isShown: boolean): void {
    this.#keep({ isHiddenShown: isShown });
  }

  /** How far the tree was scrolled when it was shown last, in CSS pixels. */
  top(): number {
    return this.#top;
  }

  /** Takes note of how far the tree is scrolled. */
  scrolled(top: number): void {
    this.#top = top;
    clearTimeout(this.#scrolling);
    this.#scrolling = setTimeout(() => this.keepPlace(), SCROLLED_MS);
  }

  /** Remembers how far the tree is scrolled, at once. */
  keepPlace(): void {
    clearTimeout(this.#scrolling);
    if (this.#top !== this.#kept.peek().top) this.#keep({ top: this.#top });
  }

  /** Changes the panel's width. */
  resize(width: number): void {
    this.#keep({ width: Math.round(Math.min(WIDTHS.largest, Math.max(WIDTHS.smallest, width))) });
  }

  /** Lists everything on screen again. */
  refresh(): void {
    for (const path of this.directories.all.peek().keys()) void this.directories.refresh(path);
  }

  /** Begins to type the name of something new, in the selected directory. */
  startNew(kind: "file" | "directory"): void {
    const dir = this.target();
    this.filter.value = "";
    if (dir !== this.#root.peek()) this.expand(dir);
    this.naming.value = { kind, dir };
  }

  /** Begins to type another name for the selected entry. */
  startRename(): void {
    const path = this.selection.active.peek();
    if (path !== null) this.naming.value = { kind: "rename", path };
  }

  /** The directory into which new things go: the selected one, else the one shown. */
  target(): string {
    const item = this.active();
    if (!item || !this.selection.selected.peek().has(pathOf(item))) return this.#root.peek();
    return isFolder(item) ? pathOf(item) : item.dir;
  }

  /** The entry that the keyboard stands on. */
  active(): Item | null {
    const row = this.rows.peek()[this.selection.index()];
    return isItem(row) ? row : null;
  }

  #open(expanded: ReadonlySet<string>): void {
    this.#expanded.value = expanded;
    this.#keep({ expanded: [...expanded].slice(-MOST_EXPANDED) });
    this.#follow();
  }

  #keep(change: Partial<Remembered>): void {
    this.#kept.value = { ...this.#kept.peek(), ...change };
    remember("explorer", JSON.stringify(this.#kept.peek()));
  }

  /** Closes open folders that are no longer there, and lists those that turned out to be. */
  #forgetVanished(): void {
    const expanded = this.#expanded.peek();
    const rest = [...expanded].filter((path) => this.#presence(path) !== "gone");
    if (rest.length < expanded.size) this.#open(new Set(rest));
    else this.#follow();
  }

  /** Whether the directory above has one of that name, as far as it is listed. */
  #presence(path: string): "there" | "gone" | "unknown" {
    const all = this.directories.all.peek();
    const state = all.get(path)?.state;
    if (state === "gone") return "gone";
    if (state !== undefined) return "there";
    const above = all.get(parent(path));
    if (above?.state !== "listed") return "unknown";
    const name = base(path);
    // Folders come first.
    for (const item of above.items) {
      if (!isFolder(item)) break;
      if (item.name === name) return "there";
    }
    return "gone";
  }

  /** Keeps exactly those directories that are on screen. */
  #follow(): void {
    const root = this.#root.peek();
    if (root === "") return;
    // What was open last time may be gone, and is not asked for before it is seen.
    const isShown = (path: string): boolean => {
      if (path === root) return true;
      const isOpen = this.#expanded.peek().has(path) && isWithin(path, root);
      return isOpen && isShown(parent(path)) && this.#presence(path) === "there";
    };
    const wanted = new Set([root, ...[...this.#expanded.peek()].filter(isShown)]);
    untracked(() => {
      for (const path of [...this.directories.all.value.keys()]) if (!wanted.has(path)) this.directories.drop(path);
      for (const path of wanted) this.directories.keep(path);
    });
  }

  #withNaming(): readonly ExplorerRow[] {
    const rows = this.rows.value;
    const naming = this.naming.value;
    if (naming === null || naming.kind === "rename") return rows;
    const at = naming.dir === this.#root.value ? 0 : indexOfPath(rows, naming.dir) + 1;
    const row: NamingRow = { dir: naming.dir, naming: naming.kind };
    const isAlone = !isItem(rows[at]) && rows[at]?.dir === naming.dir;
    return [...rows.slice(0, at), row, ...rows.slice(isAlone ? at + 1 : at)];
  }
}

function readRemembered(): Remembered {
  try {
    const stored = JSON.parse(recall("explorer") ?? "{}") as Partial<Remembered>;
    const by = (["name", "size", "mtime"] as const).find((one) => one === stored.order?.by) ?? "name";
    return {
      root: typeof stored.root === "string" && /^[~/]/.test(stored.root) ? stored.root : USUAL.root,
      order: { by, isDescending: stored.order?.isDescending === true },
      isHiddenShown: stored.isHiddenShown === true,
      width: Number.isFinite(stored.width) ? Number(stored.width) : USUAL.width,
      expanded: Array.isArray(stored.expanded) ? stored.expanded.filter((path) => typeof path === "string") : [],
      top: Number.isFinite(stored.top) ? Number(stored.top) : 0,
    };
  } catch {
    return USUAL;
  }
}
