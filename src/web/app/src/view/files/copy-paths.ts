/** Copies paths as text. */

import type { Files } from "../../actions/files/files";

/** Puts the selected paths into the clipboard, one a line. */
export async function copyPaths(files: Files): Promise<void> {
  const text = files.explorer.selection.paths().join("\n");
  try {
    await navigator.clipboard.writeText(text || files.explorer.root.value);
  } catch {
    files.operations.problem.value = "the browser does not permit to copy here";
  }
}
