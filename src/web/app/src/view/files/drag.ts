/** Drag and drop: entries within the tree, and files from this computer. */

import { signal } from "@preact/signals-core";
import type { Files } from "../../actions/files/files";
import { isWithin, pasteable } from "../../model/files/paths";
import { mayMoveTo } from "../../model/files/tree";

/** What entries dragged within the page are marked with. */
const ENTRIES = "application/x-cocalc-plus-paths";

/** A folder opens when something is held over it for so long, in milliseconds. */
const HOVER_MS = 700;

/** The directory into which a drop would go; `null` while nothing is dragged. */
export const dropDirectory = signal<string | null>(null);

let inHand: readonly string[] = [];
let hover: { over: unknown; timer: ReturnType<typeof setTimeout> } | null = null;

/** Takes the entries at `path`, or the whole selection, in hand. */
export function dragged(files: Files, path: string, event: DragEvent): void {
  const { selection } = files.explorer;
  if (!selection.selected.value.has(path)) selection.only(path);
  inHand = selection.paths();
  event.dataTransfer?.setData(ENTRIES, JSON.stringify(inHand));
  event.dataTransfer?.setData("text/plain", inHand.map(pasteable).join("\n"));
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "copyMove";
}

/** The handlers of something that stands for the directory `dir`; empty takes nothing. */
export function dropTarget(files: Files, dir: string, hovered?: () => void) {
  const takes = (event: DragEvent) => {
    if (dir === "") return false;
    const types = event.dataTransfer?.types ?? [];
    if (types.includes("Files")) return true;
    if (!types.includes(ENTRIES)) return false;
    return isCopy(event) ? !inHand.some((path) => isWithin(dir, path)) : mayMoveTo(inHand, dir);
  };
  return {
    onDragOver: (event: DragEvent) => {
      event.stopPropagation();
      wait(hovered, event.currentTarget);
      dropDirectory.value = takes(event) ? dir : null;
      if (dropDirectory.value === null || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = isCopy(event) || event.dataTransfer.types.includes("Files") ? "copy" : "move";
    },
    onDragLeave: (event: DragEvent) => {
      if ((event.currentTarget as HTMLElement).contains(event.relatedTarget as Node | null)) return;
      wait(undefined, null);
      dropDirectory.value = null;
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      event.stopPropagation();
      const isTaken = takes(event);
      wait(undefined, null);
      dropDirectory.value = null;
      if (isTaken) dropped(files, dir, event);
    },
  };
}

function dropped(files: Files, dir: string, event: DragEvent): void {
  if (event.dataTransfer?.types.includes("Files")) return void files.uploads.takeDrop(event.dataTransfer, dir);
  const paths = inHand;
  inHand = [];
  void files.operations.put(isCopy(event) ? "copy" : "move", paths, dir);
}

function isCopy(event: DragEvent): boolean {
  return event.ctrlKey || event.altKey;
}

function wait(hovered: (() => void) | undefined, over: unknown): void {
  if (hover?.over === over && hovered) return;
  clearTimeout(hover?.timer);
  hover = hovered ? { over, timer: setTimeout(hovered, HOVER_MS) } : null;
}
