/** Copies paths as text. */

import type { Files } from "../../actions/files/files";
import { pasteable } from "../../model/files/paths";

/** Puts the selected paths into the clipboard, one a line. */
export async function copyPaths(files: Files): Promise<void> {
  const { root, selection } = files.explorer;
  const paths = selection.paths();
  const text = (paths.length > 0 ? paths : [root.value]).map(pasteable).join("\n");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    files.operations.problem.value = "the browser does not permit to copy here";
  }
}
