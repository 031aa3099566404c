/** The explorer's panel: where, what, and what is under way. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import { toggleExplorer } from "../../actions/files/commands";
import type { Files } from "../../actions/files/files";
import type { Order } from "../../model/files/listing";
import { CrossIcon } from "../icons";
import { hint } from "../key-hint";
import { ConfirmDelete } from "./confirm-delete";
import { dropDirectory } from "./drag";
import { Footer } from "./footer";
import { HomeIcon, MoreIcon, NewFileIcon, NewFolderIcon, UpIcon, UploadIcon } from "./icons";
import { Menu, type MenuItem } from "./menu";
import { PathField } from "./path-field";
import { pickFiles } from "./pick-files";
import { Splitter } from "./splitter";
import { Tree, type MenuPlace } from "./tree";
import { treeMenu, viewItems } from "./tree-menu";
import { refocusTree } from "./tree-row";

/** A panel at least this wide shows sizes and times too, in CSS pixels. */
const WIDE_PX = 420;

type OpenMenu = MenuPlace & { label: string; items: readonly (MenuItem | null)[] };

/** The panel at the left; on a phone it covers the page. */
export function Side({ app, files }: { app: App; files: Files }) {
  const { explorer } = files;
  const panel = useRef<HTMLElement>(null);
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const isWide = useIsWide(panel);
  const isKnown = explorer.root.value !== "";
  const openTreeMenu = (place: MenuPlace) =>
    setMenu({ ...place, label: "What can be done here", items: treeMenu(app, files) });
  const closeMenu = () => {
    setMenu(null);
    if (panel.current?.contains(document.activeElement)) refocusTree();
  };
  return (
    <aside
      ref={panel}
      class={`explorer ${isWide ? "explorer-wide" : ""} ${dropDirectory.value === explorer.root.value ? "explorer-drop" : ""}`}
      aria-label="Files"
      style={{ "--explorer-width": `${explorer.width.value}px` }}
    >
      <div class="explorer-where">
        <Tool label="Directory above" isDisabled={!isKnown || explorer.root.value === "/"} perform={() => explorer.up()}>
          <UpIcon />
        </Tool>
        <Tool
          label="Home directory"
          isDisabled={explorer.home.value === null}
          perform={() => explorer.home.value !== null && explorer.show(explorer.home.value)}
        >
          <HomeIcon />
        </Tool>
        <PathField files={files} />
        <Tool label={`Hide files${hint(toggleExplorer)}`} perform={() => app.files.hide()} name="explorer-close">
          <CrossIcon />
        </Tool>
      </div>
      <div class="explorer-tools">
        <Filter files={files} />
        <Tool label="New file" isDisabled={!isKnown} perform={() => explorer.startNew("file")}>
          <NewFileIcon />
        </Tool>
        <Tool label="New folder" isDisabled={!isKnown} perform={() => explorer.startNew("directory")}>
          <NewFolderIcon />
        </Tool>
        <Tool label="Upload files" isDisabled={!isKnown} perform={() => pickFiles(files, "files")}>
          <UploadIcon />
        </Tool>
        <Tool
          label="Order and view"
          perform={(event) => {
            const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
            setMenu({ x: box.right - 200, y: box.bottom + 4, label: "Order and view", items: viewItems(files) });
          }}
        >
          <MoreIcon />
        </Tool>
      </div>
      {isWide && <Columns files={files} />}
      <Tree app={app} files={files} isWide={isWide} openMenu={openTreeMenu} />
      <Footer app={app} files={files} />
      <Splitter files={files} />
      {menu && <Menu x={menu.x} y={menu.y} label={menu.label} items={menu.items} close={closeMenu} />}
      <ConfirmDelete files={files} />
    </aside>
  );
}

interface ToolProps {
  label: string;
  isDisabled?: boolean;
  name?: string;
  perform: (event: MouseEvent) => void;
  children: preact.ComponentChildren;
}

function Tool({ label, isDisabled, name = "", perform, children }: ToolProps) {
  return (
    <button
      type="button"
      class={`bar-button tool ${name}`}
      title={label}
      aria-label={label}
      disabled={isDisabled}
      onClick={perform}
    >
      {children}
    </button>
  );
}

function Filter({ files }: { files: Files }) {
  const { explorer } = files;
  return (
    <div class="explorer-filter">
      <input
        type="text"
        placeholder="Filter"
        aria-label="Show only names that hold"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={explorer.filter.value}
        onInput={(event) => (explorer.filter.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            explorer.filter.value = "";
            refocusTree();
          } else if (event.key === "ArrowDown" || event.key === "Enter") {
            refocusTree();
            explorer.selection.step("first", 1, false);
          } else return;
          event.preventDefault();
        }}
      />
      {explorer.filter.value !== "" && (
        <button type="button" class="explorer-clear" aria-label="Show all" onClick={() => (explorer.filter.value = "")}>
          <CrossIcon />
        </button>
      )}
    </div>
  );
}

function Columns({ files }: { files: Files }) {
  const { explorer } = files;
  const { by, isDescending } = explorer.order.value;
  const column = (label: string, name: Order["by"]) => (
    <button
      type="button"
      class={`column column-${name}`}
      aria-pressed={by === name}
      title={`Sort by ${label.toLowerCase()}`}
      onClick={() => explorer.orderBy(name)}
    >
      {label}
      <span aria-hidden="true">{by === name ? (isDescending ? "↓" : "↑") : ""}</span>
    </button>
  );
  return (
    <div class="columns">
      {column("Name", "name")}
      {column("Size", "size")}
      {column("Changed", "mtime")}
    </div>
  );
}

function useIsWide(panel: { current: HTMLElement | null }): boolean {
  const [isWide, setWide] = useState(false);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWide((entry?.contentRect.width ?? 0) >= WIDE_PX));
    if (panel.current) observer.observe(panel.current);
    return () => observer.disconnect();
  }, []);
  return isWide;
}
