/** What the tree's menu offers for the selected entries. */

import type { App } from "../../actions/app";
import type { Files } from "../../actions/files/files";
import type { Order } from "../../model/files/listing";
import { isFolder } from "../../model/files/listing";
import { pathOf } from "../../model/files/tree";
import { copyPaths } from "./copy-paths";
import type { MenuItem } from "./menu";
import { openEntry, openTerminal } from "./open-entry";
import { pickFiles } from "./pick-files";
import { refocusTree } from "./tree-row";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** A key of the tree, as this computer's keyboard has it. */
const key = (letter: string) => (IS_MAC ? `⌘${letter}` : `Ctrl ${letter}`);

/** The lines for what is selected; for the directory itself when nothing is. */
export function treeMenu(app: App, files: Files): (MenuItem | null)[] {
  const { explorer, operations } = files;
  const item = explorer.active();
  const selected = explorer.selection.selected.peek();
  const terminal: MenuItem = {
    label: "Open a terminal here",
    perform: () => void openTerminal(app, files, explorer.target()),
  };
  if (!item || selected.size === 0) return [...newItems(files), terminal, null, ...viewItems(files)];
  const isOne = selected.size === 1;
  const act = (perform: () => unknown) => () => {
    refocusTree();
    perform();
  };
  return [
    isFolder(item)
      ? { label: "Show only this folder", isDisabled: !isOne, perform: open }
      : { label: "Open", key: "Enter", isDisabled: !isOne, perform: open },
    ...(isFolder(item) ? newItems(files) : []),
    ...(isOne ? [terminal] : []),
    null,
    { label: "Cut", key: key("X"), perform: act(() => operations.take("move")) },
    { label: "Copy", key: key("C"), perform: act(() => operations.take("copy")) },
    {
      label: "Paste",
      key: key("V"),
      isDisabled: operations.clip.value === null,
      perform: act(() => operations.paste()),
    },
    { label: "Duplicate", key: key("D"), perform: act(() => operations.duplicate()) },
    { label: "Rename", key: "F2", isDisabled: !isOne, perform: () => explorer.startRename() },
    null,
    { label: "Download", perform: act(() => download(files)) },
    {
      label: isOne ? "Copy path" : "Copy paths",
      key: key("⇧C").replace("⇧", IS_MAC ? "⇧" : "Shift "),
      perform: act(() => copyPaths(files)),
    },
    null,
    { label: "Move to trash", key: "Del", perform: act(() => operations.trash()) },
    {
      label: "Delete for good…",
      key: IS_MAC ? "⇧Del" : "Shift Del",
      isDangerous: true,
      perform: act(() => operations.askToDelete()),
    },
  ];

  function open(): void {
    if (!item) return;
    if (isFolder(item)) explorer.show(pathOf(item));
    else void openEntry(app, files, item, { isPassing: false });
  }
}

/** The lines about how everything is shown. */
export function viewItems(files: Files): (MenuItem | null)[] {
  const { explorer } = files;
  const sort = (label: string, by: Order["by"]): MenuItem => ({
    label,
    isChecked: explorer.order.value.by === by,
    perform: () => explorer.orderBy(by),
  });
  return [
    sort("Sort by name", "name"),
    sort("Sort by size", "size"),
    sort("Sort by time of change", "mtime"),
    null,
    {
      label: explorer.isHiddenShown.value ? "Hide hidden files" : "Show hidden files",
      perform: () => explorer.showHidden(!explorer.isHiddenShown.value),
    },
    { label: "Close all folders", perform: () => explorer.collapseAll() },
    { label: "Read again", perform: () => explorer.refresh() },
  ];
}

function newItems(files: Files): MenuItem[] {
  return [
    { label: "New file", perform: () => files.explorer.startNew("file") },
    { label: "New folder", perform: () => files.explorer.startNew("directory") },
    { label: "Upload files…", perform: () => pickFiles(files, "files") },
    { label: "Upload a folder…", perform: () => pickFiles(files, "folder") },
  ];
}

function download(files: Files): void {
  const { explorer } = files;
  const kinds = new Map(
    explorer.rows.peek().flatMap((row) => ("key" in row ? [[pathOf(row), isFolder(row)] as const] : [])),
  );
  void files.download(explorer.selection.paths(), (path) => kinds.get(path) === true);
}
