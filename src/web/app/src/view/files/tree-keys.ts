/** The keyboard in the tree: the ARIA tree pattern, and what file managers have. */

import type { App } from "../../actions/app";
import type { Files } from "../../actions/files/files";
import type { Step } from "../../actions/files/selection";
import { isFolder, type Item } from "../../model/files/listing";
import { isItem, itemFrom, pathOf } from "../../model/files/tree";
import { copyPaths } from "./copy-paths";
import { openEntry } from "./open-entry";
import { rowId, type MenuPlace } from "./tree";

const STEPS: Record<string, Step> = {
  ArrowUp: "up",
  ArrowDown: "down",
  PageUp: "pageUp",
  PageDown: "pageDown",
  Home: "first",
  End: "last",
};

/** Performs a key pressed in the tree. */
export function pressInTree(
  app: App,
  files: Files,
  event: KeyboardEvent,
  pageRows: number,
  openMenu: (place: MenuPlace) => void,
): void {
  if (event.target !== event.currentTarget) return;
  const isCommand = event.ctrlKey || event.metaKey;
  const isDone = isCommand ? command(app, files, event) : plain(app, files, event, pageRows, openMenu);
  if (!isDone) return;
  event.preventDefault();
  event.stopPropagation();
}

function plain(
  app: App,
  files: Files,
  event: KeyboardEvent,
  pageRows: number,
  openMenu: (place: MenuPlace) => void,
): boolean {
  const { explorer, operations } = files;
  const { selection } = explorer;
  const item = explorer.active();
  const step = STEPS[event.key];
  if (event.altKey && event.key === "ArrowUp") return done(explorer.up());
  if (event.altKey) return false;
  if (step) return done(selection.step(step, pageRows, event.shiftKey));
  switch (event.key) {
    case "ArrowRight":
      return done(item && goIn(files, item));
    case "ArrowLeft":
      return done(item && goOut(files, item));
    case "Enter":
      return done(item && openEntry(app, files, item, { isPassing: false }));
    case " ":
      return done(item && selection.toggle(pathOf(item)));
    case "Delete":
      return done(event.shiftKey ? operations.askToDelete() : void operations.trash());
    case "F2":
      return done(explorer.startRename());
    case "ContextMenu":
      return done(openMenu(placeOf(item)));
    case "F10":
      return event.shiftKey && done(openMenu(placeOf(item)));
    case "Backspace":
      return done(explorer.up());
    case "Escape":
      return done(escape(app, files));
    case "*":
      return done(expandAll(files));
  }
  if ([...event.key].length !== 1) return false;
  return done(selection.type(event.key, performance.now()));
}

function command(app: App, files: Files, event: KeyboardEvent): boolean {
  const { explorer, operations } = files;
  const isShifted = event.shiftKey;
  switch (event.key.toLowerCase()) {
    case "a":
      return done(explorer.selection.all());
    case "c":
      return done(isShifted ? void copyPaths(files) : operations.take("copy"));
    case "x":
      return done(operations.take("move"));
    case "v":
      return done(void operations.paste());
    case "d":
      return done(void operations.duplicate());
    case "z":
      return done(void operations.takeBack());
    case "b":
      return done(app.files.toggle());
    case "backspace":
      return done(void operations.trash());
    case "f":
      return done(document.querySelector<HTMLElement>(".explorer-filter input")?.focus());
  }
  return false;
}

/** Where the menu opens for the keyboard: at the row. */
function placeOf(item: Item | null): MenuPlace {
  const row = item ? document.getElementById(rowId(pathOf(item))) : null;
  const box = (row ?? document.querySelector(".tree"))?.getBoundingClientRect();
  return { x: (box?.left ?? 0) + 40, y: (row ? box?.bottom : box?.top) ?? 0 };
}

function goIn({ explorer }: Files, item: Item): void {
  const path = pathOf(item);
  if (!isFolder(item)) return;
  if (!explorer.expanded.value.has(path)) return explorer.expand(path);
  const rows = explorer.rows.peek();
  const next = itemFrom(rows, explorer.selection.index() + 1, 1);
  const row = rows[next];
  if (isItem(row) && row.dir === path) explorer.selection.goTo(next);
}

function goOut({ explorer }: Files, item: Item): void {
  const path = pathOf(item);
  if (isFolder(item) && explorer.expanded.value.has(path)) return explorer.collapse(path);
  if (item.dir !== explorer.root.value) explorer.selection.only(item.dir);
}

/** Opens all folders beside the active one. */
function expandAll({ explorer }: Files): void {
  const dir = explorer.active()?.dir ?? explorer.root.value;
  const beside = explorer.rows.peek().filter((row) => isItem(row) && row.dir === dir && isFolder(row));
  for (const row of beside.slice(0, 50)) if (isItem(row)) explorer.expand(pathOf(row));
}

function escape(app: App, { explorer, operations }: Files): void {
  if (explorer.filter.value !== "") explorer.filter.value = "";
  else if (operations.clip.value !== null) operations.clip.value = null;
  else app.workspace.focus();
}

function done(_nothing: unknown): true {
  return true;
}
