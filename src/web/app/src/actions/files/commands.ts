/** Actions on files, for buttons, keys and the palette. */

import type { Action } from "../action";
import type { App } from "../app";
import { prefer } from "../preferences";

const frontOf = (app: App) => app.files.files.value?.front.value ?? null;
const isText = (app: App) => frontOf(app)?.shown.value.kind === "text";
const hasExplorer = (app: App) => app.files.isShown.value && app.files.files.value !== null;

/** Shows or hides the explorer. In a terminal Ctrl+B is tmux's. */
export const toggleExplorer: Action = {
  name: "files.toggle",
  label: "Show or hide files",
  keywords: "explorer tree sidebar folder directory browse",
  keys: ["Alt+Shift+B", "Meta+B"],
  when: (app) => app.wasUsable.value,
  perform: (app) => app.files.toggle(),
};

/** The same, on the key that editors have for it, while no terminal is in front. */
export const toggleExplorerInFile: Action = {
  ...toggleExplorer,
  name: "files.toggle-in-file",
  keys: ["Ctrl+B"],
  front: "file",
  isUnlisted: true,
  when: (app) => frontOf(app) !== null,
};

/** Saves the file in front. */
export const saveFile: Action = {
  name: "file.save",
  label: "Save this file",
  keywords: "write disk",
  keys: ["Ctrl+S", "Meta+S"],
  front: "file",
  when: (app) => frontOf(app) !== null,
  perform: (app) => frontOf(app)?.save(),
};

/** Asks for another path to save the text in front under. */
export const saveFileAs: Action = {
  name: "file.save-as",
  label: "Save this file as…",
  keywords: "write disk copy other name path",
  keys: ["Ctrl+Shift+S", "Shift+Meta+S"],
  front: "file",
  when: isText,
  perform: (app) => {
    const files = app.files.files.value;
    if (files) files.saveAs.asked.value = files.front.value;
  },
};

/** Closes the file in front; asks when it is not saved. */
export const closeFile: Action = {
  name: "file.close",
  label: "Close this file",
  keywords: "tab",
  keys: ["Alt+Shift+W"],
  front: "file",
  when: (app) => frontOf(app) !== null,
  perform: (app) => {
    const file = frontOf(app);
    if (file) app.files.files.value?.askToClose(file);
  },
};

/** Opens the search of the editor. */
export const searchFile: Action = {
  name: "file.search",
  label: "Find in this file",
  keywords: "search replace",
  keys: [],
  when: isText,
  perform: (app) => frontOf(app)?.run("search"),
};

/** Breaks long lines at the edge, or lets them run on. */
export const toggleWrap: Action = {
  name: "file.wrap",
  label: "Wrap long lines or not",
  keywords: "word line break editor",
  keys: ["Alt+Shift+Z"],
  front: "file",
  when: isText,
  perform: (app) => {
    prefer(app, { isWrapped: !app.settings.value.isWrapped });
  },
};

/** Makes a file in the selected directory. */
export const newFile: Action = {
  name: "files.new-file",
  label: "New file",
  keywords: "create make text",
  keys: [],
  when: (app) => app.wasUsable.value,
  perform: (app) => startNew(app, "file"),
};

/** Makes a folder in the selected directory. */
export const newFolder: Action = {
  name: "files.new-folder",
  label: "New folder",
  keywords: "create make directory mkdir",
  keys: [],
  when: (app) => app.wasUsable.value,
  perform: (app) => startNew(app, "directory"),
};

/** Opens a terminal in the selected directory. */
export const terminalHere: Action = {
  name: "files.terminal",
  label: "Open a terminal in the selected folder",
  keywords: "shell here directory cd",
  keys: [],
  when: hasExplorer,
  perform: (app) => {
    const files = app.files.files.value;
    void files?.openTerminal(files.explorer.target());
  },
};

/** Brings back what went to the trash last. */
export const undoTrash: Action = {
  name: "files.undo",
  label: "Bring back from the trash",
  keywords: "undo delete restore",
  keys: [],
  when: (app) => (app.files.files.value?.operations.undo.value ?? null) !== null,
  perform: (app) => app.files.files.value?.operations.takeBack(),
};

/** Shows names that begin with a dot, or hides them. */
export const toggleHidden: Action = {
  name: "files.hidden",
  label: "Show or hide hidden files",
  keywords: "dot files explorer",
  keys: [],
  when: hasExplorer,
  perform: (app) => {
    const explorer = app.files.files.value?.explorer;
    explorer?.showHidden(!explorer.isHiddenShown.value);
  },
};

async function startNew(app: App, kind: "file" | "directory"): Promise<void> {
  app.files.show();
  (await app.files.load()).explorer.startNew(kind);
}

/** Every action on files, in the palette's order. */
export const FILE_ACTIONS: readonly Action[] = [
  toggleExplorer,
  toggleExplorerInFile,
  saveFile,
  saveFileAs,
  closeFile,
  searchFile,
  toggleWrap,
  newFile,
  newFolder,
  terminalHere,
  undoTrash,
  toggleHidden,
];
