/** Opens what a row stands for. */

import type { App } from "../../actions/app";
import type { Files } from "../../actions/files/files";
import { isFolder, type Item } from "../../model/files/listing";
import { pathOf } from "../../model/files/tree";

/** Narrower windows show the explorer or the file, not both, in CSS pixels. */
const NARROW_PX = 640;

/** How an entry is opened. */
export interface Opening {
  /** Whether the tab gives its place to the next one. */
  isPassing: boolean;
  /** Whether the keyboard stays in the tree. */
  staysInTree?: boolean;
}

/** Opens a file in a tab; opens or closes a folder. */
export async function openEntry(
  app: App,
  files: Files,
  item: Item,
  { isPassing, staysInTree }: Opening,
): Promise<void> {
  const path = pathOf(item);
  if (isFolder(item)) return files.explorer.toggle(path);
  const isNarrow = isNarrowNow();
  await files.openPath(path, { isPassing: isPassing && !isNarrow, staysInTree: staysInTree === true && !isNarrow });
  if (isNarrow) app.files.hide();
}

/** Opens a terminal in a directory. */
export async function openTerminal(app: App, files: Files, directory: string): Promise<void> {
  if (isNarrowNow()) app.files.hide();
  await files.openTerminal(directory);
}

function isNarrowNow(): boolean {
  return innerWidth <= NARROW_PX;
}
