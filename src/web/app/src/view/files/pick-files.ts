/** Lets a person choose files or a folder of this computer. */

import type { Files } from "../../actions/files/files";

/** Opens the browser's picker; what is chosen goes into the selected directory. */
export function pickFiles(files: Files, what: "files" | "folder"): void {
  const dir = files.explorer.target();
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = what === "folder";
  input.onchange = () => {
    if (input.files && input.files.length > 0) void files.uploads.takeFiles(input.files, dir);
  };
  input.click();
}
