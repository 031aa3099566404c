/** Which entries of the tree are selected, and where the keyboard stands. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import {
  indexOfPath,
  isItem,
  itemFrom,
  liesInOneOf,
  outermost,
  pathOf,
  typeAhead,
  type Row,
} from "../../model/files/tree";

/** Letters typed within this time make one word, in milliseconds. */
const WORD_MS = 700;

/** Where a key goes. */
export type Step = "up" | "down" | "pageUp" | "pageDown" | "first" | "last";

/** Selected paths; a path without a row stays selected until something else is. */
export class Selection {
  #rows: ReadonlySignal<readonly Row[]>;
  #active = signal<string | null>(null);
  #selected = signal<ReadonlySet<string>>(new Set());
  #anchor: string | null = null;
  /** Where the active entry was found last, and the anchor. */
  #near = { active: 0, anchor: 0 };
  #word = { text: "", at: 0 };

  /** Where the keyboard stands. */
  readonly active: ReadonlySignal<string | null> = this.#active;
  /** What is selected. */
  readonly selected: ReadonlySignal<ReadonlySet<string>> = this.#selected;

  constructor(rows: ReadonlySignal<readonly Row[]>) {
    this.#rows = rows;
  }

  /** Where the active entry stands among the rows; -1 when it has none. */
  index(): number {
    return this.#find("active", this.#active.peek());
  }

  /** The selected paths, without those inside of others. */
  paths(): string[] {
    return outermost(this.#selected.peek());
  }

  /** Selects one entry. */
  only(path: string): void {
    this.#active.value = path;
    this.#anchor = path;
    this.#selected.value = new Set([path]);
  }

  /** Puts the keyboard on an entry without selecting it. */
  stand(path: string): void {
    this.#active.value = path;
    this.#anchor = path;
  }

  /** Selects nothing. */
  clear(): void {
    this.#active.value = null;
    this.#anchor = null;
    this.#selected.value = new Set();
  }

  /** Adds an entry, or takes it out. */
  toggle(path: string): void {
    const next = new Set(this.#selected.peek());
    if (!next.delete(path)) next.add(path);
    this.#active.value = path;
    this.#anchor = path;
    this.#selected.value = next;
  }

  /** Selects from the anchor to an entry. */
  extend(path: string): void {
    const rows = this.#rows.peek();
    const to = this.#find("active", path);
    const from = this.#find("anchor", this.#anchor);
    if (from < 0 || to < 0) return this.only(path);
    const between = rows.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.#active.value = path;
    this.#selected.value = new Set(between.filter(isItem).map(pathOf));
  }

  /** Selects every row. */
  all(): void {
    const items = this.#rows.peek().filter(isItem);
    this.#selected.value = new Set(items.map(pathOf));
    this.#active.value ??= items[0] ? pathOf(items[0]) : null;
  }

  /** Goes a step with the keyboard; `pageRows` is how many rows are visible. */
  step(step: Step, pageRows: number, isExtending: boolean): void {
    const rows = this.#rows.peek();
    const at = this.index();
    const last = rows.length - 1;
    const goals: Record<Step, [number, 1 | -1]> = {
      up: [at < 0 ? last : at - 1, -1],
      down: [at + 1, 1],
      pageUp: [Math.max(0, at - pageRows), 1],
      pageDown: [Math.min(last, at + pageRows), -1],
      first: [0, 1],
      last: [last, -1],
    };
    this.#go(itemFrom(rows, ...goals[step]), isExtending);
  }

  /** Goes to the row at `index`. */
  goTo(index: number): void {
    this.#go(index, false);
  }

  /** Goes to the next entry whose name begins with what is being typed. */
  type(letter: string, now: number): void {
    const isNewWord = now - this.#word.at > WORD_MS;
    const text = isNewWord ? letter : this.#word.text + letter;
    this.#word = { text, at: now };
    const rows = this.#rows.peek();
    const from = Math.max(0, this.index() + (text.length === 1 ? 1 : 0));
    // The same letter again and again goes from one to the next.
    const isRepeat = text.length > 1 && [...text].every((one) => one === text[0]);
    this.#go(isRepeat ? typeAhead(rows, from + 1, letter) : typeAhead(rows, from, text), false);
  }

  /** What is selected after `paths` have gone: the entry after them, else before. */
  afterRemoving(paths: readonly string[]): void {
    const rows = this.#rows.peek();
    const gone = new Set(paths);
    const isLeft = (row: Row) => isItem(row) && !gone.has(pathOf(row)) && !liesInOneOf(pathOf(row), gone);
    const at = Math.max(0, indexOfPath(rows, paths[0] ?? null));
    const next = rows.slice(at).find(isLeft) ?? rows.slice(0, at).reverse().find(isLeft);
    if (isItem(next)) this.only(pathOf(next));
    else this.clear();
  }

  #find(which: "active" | "anchor", path: string | null): number {
    const index = indexOfPath(this.#rows.peek(), path, this.#near[which]);
    if (index >= 0) this.#near[which] = index;
    return index;
  }

  #go(index: number, isExtending: boolean): void {
    const row = this.#rows.peek()[index];
    if (!isItem(row)) return;
    this.#near.active = index;
    if (isExtending) this.extend(pathOf(row));
    else this.only(pathOf(row));
  }
}
