/** One row of the tree: an entry, a name being typed, or a note. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { App } from "../../actions/app";
import type { NamingRow } from "../../actions/files/explorer";
import type { Files } from "../../actions/files/files";
import { isFolder, isHidden, type Item } from "../../model/files/listing";
import { base, editable, edited, shown, stemLength } from "../../model/files/paths";
import { depthOf, pathOf, type NoteRow } from "../../model/files/tree";
import { bytes, grouped, moment } from "../../model/files/words";
import { Sentence } from "../sentence";
import { dragged, dropDirectory, dropTarget } from "./drag";
import { ChevronIcon, FileIcon, FolderIcon, LinkIcon, MoreIcon, SpecialIcon } from "./icons";
import { hasFingers, whenRested } from "./long-press";
import { openEntry } from "./open-entry";
import { rowId, type MenuPlace } from "./tree";

interface RowProps {
  app: App;
  files: Files;
  item: Item;
  /** Its place among all rows. */
  at: number;
  /** How many rows there are. */
  count: number;
  /** Whether there is room for size and time. */
  isWide: boolean;
  openMenu: (place: MenuPlace) => void;
}

/** An entry. */
export function TreeRow({ app, files, item, at, count, isWide, openMenu }: RowProps) {
  const { explorer, operations } = files;
  const path = pathOf(item);
  const { selection } = explorer;
  const folder = isFolder(item);
  const isOpen = folder && explorer.expanded.value.has(path);
  const naming = explorer.naming.value;
  const isSelected = selection.selected.value.has(path);
  const isRenamed = naming?.kind === "rename" && naming.path === path;
  const state = [
    isSelected && "row-selected",
    selection.active.value === path && "row-active",
    folder && dropDirectory.value === path && "row-into",
    operations.cut.value.has(path) && "row-cut",
    isHidden(item) && "row-hidden",
  ];
  return (
    <div
      id={rowId(path)}
      class={`row ${state.filter(Boolean).join(" ")}`}
      role="treeitem"
      aria-level={depthOf(item, explorer.root.value) + 1}
      aria-setsize={count}
      aria-posinset={at + 1}
      aria-selected={isSelected}
      aria-expanded={folder ? isOpen : undefined}
      aria-label={`${shown(item.name)}${folder ? ", folder" : ""}`}
      style={{ paddingLeft: `${indent(depthOf(item, explorer.root.value))}px` }}
      // Only when it is wanted: to write fifty dates takes longer than to draw fifty rows.
      onMouseEnter={(event) => (event.currentTarget.title = isRenamed ? "" : titleOf(item))}
      draggable={!isRenamed && !hasFingers}
      onMouseDown={() => (pressed = path)}
      onPointerDown={(event) =>
        whenRested(event, (place) => {
          if (!selection.selected.peek().has(path)) selection.only(path);
          openMenu(place);
        })
      }
      onClick={(event) => clicked(app, files, item, path, event)}
      onDblClick={() => !folder && void openEntry(app, files, item, { isPassing: false })}
      onContextMenu={() => !isSelected && selection.only(path)}
      onDragStart={(event) => dragged(files, path, event)}
      {...dropTarget(files, folder ? path : item.dir, folder && !isOpen ? () => explorer.expand(path) : undefined)}
    >
      <span class={`row-chevron ${isOpen ? "row-chevron-open" : ""}`}>{folder && <ChevronIcon />}</span>
      <KindIcon item={item} />
      {isRenamed ? (
        <RenameField key={path} files={files} path={path} />
      ) : (
        <>
          <span class="row-name">{shown(item.name)}</span>
          {isWide && <span class="row-size">{folder ? "" : bytes(item.size)}</span>}
          {isWide && <span class="row-time">{moment(item.mtime, Date.now())}</span>}
          {isSelected && (
            <button
              type="button"
              class="row-more"
              tabIndex={-1}
              aria-label={`What can be done with ${shown(item.name)}`}
              onClick={(event) => {
                event.stopPropagation();
                openMenu({ x: event.clientX, y: event.clientY });
              }}
            >
              <MoreIcon />
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** The row in which a new name is typed. */
export function NamingRowView({ files, row }: { files: Files; row: NamingRow }) {
  const { explorer, operations } = files;
  const depth = depthOf({ dir: row.dir, note: "empty", problem: null }, explorer.root.value);
  const what = row.naming === "file" ? "file" : "folder";
  return (
    <div class="row row-naming" style={{ paddingLeft: `${indent(depth)}px` }}>
      <span class="row-chevron" />
      {row.naming === "file" ? <FileIcon /> : <FolderIcon />}
      <NameField
        text=""
        stem={0}
        label={`Name of the new ${what}`}
        placeholder={`New ${what}`}
        done={(name) => {
          explorer.naming.value = null;
          if (name !== null && name !== "") void made(files, row, name);
          else refocusTree();
        }}
      />
    </div>
  );

  async function made(all: Files, { dir, naming }: NamingRow, name: string): Promise<void> {
    const path = await operations.create(dir, name, naming);
    if (path !== null && naming === "file") await all.openPath(path);
    else refocusTree();
  }
}

/** A directory's state in a word. */
export function NoteRowView({ files, row, at, count }: { files: Files; row: NoteRow; at: number; count: number }) {
  const { explorer } = files;
  const isRoot = row.dir === explorer.root.value;
  return (
    <div
      class={`row row-note row-note-${row.note}`}
      role="treeitem"
      aria-disabled="true"
      aria-level={depthOf(row, explorer.root.value) + 1}
      aria-setsize={count}
      aria-posinset={at + 1}
      style={{ paddingLeft: `${indent(depthOf(row, explorer.root.value)) + 20}px` }}
    >
      <span class="row-name">
        <NoteWords row={row} filter={explorer.filter.value} />
      </span>
      {isRoot && (row.note === "gone" || row.note === "refused") && (
        <button type="button" class="small" onClick={() => explorer.up()}>
          Go up
        </button>
      )}
    </div>
  );
}

function NoteWords({ row, filter }: { row: NoteRow; filter: string }) {
  switch (row.note) {
    case "loading":
      return <>Reading…</>;
    case "empty":
      return <>Empty</>;
    case "filtered":
      return <>No name here holds “{filter}”.</>;
    case "gone":
      return <>This directory is gone.</>;
    case "refused":
      return <Sentence text={row.problem ?? "this directory cannot be read"} startsLine />;
  }
}

function RenameField({ files, path }: { files: Files; path: string }) {
  const { explorer, operations } = files;
  const name = base(path);
  return (
    <NameField
      text={editable(name)}
      stem={stemLength(editable(name))}
      label={`New name of ${shown(name)}`}
      done={(text) => {
        explorer.naming.value = null;
        refocusTree();
        if (text !== null && text !== editable(name)) void operations.rename(path, edited(text, name));
      }}
    />
  );
}

interface NameFieldProps {
  text: string;
  /** How many characters are selected at first. */
  stem: number;
  label: string;
  placeholder?: string;
  /** Takes the name; `null` when it was given up. */
  done: (text: string | null) => void;
}

function NameField({ text, stem, label, placeholder, done }: NameFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const isOver = useRef(false);
  useLayoutEffect(() => {
    input.current?.focus({ preventScroll: true });
    input.current?.setSelectionRange(0, stem);
  }, []);
  const end = (name: string | null) => {
    if (isOver.current) return;
    isOver.current = true;
    done(name);
  };
  return (
    <input
      ref={input}
      class="row-field"
      type="text"
      aria-label={label}
      placeholder={placeholder}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      defaultValue={text}
      onClick={(event) => event.stopPropagation()}
      onDblClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.isComposing) return;
        if (event.key === "Enter") end(event.currentTarget.value);
        else if (event.key === "Escape") end(null);
        else return;
        event.preventDefault();
      }}
      onBlur={(event) => end(event.currentTarget.value)}
    />
  );
}

function KindIcon({ item }: { item: Item }) {
  if (isFolder(item)) return <FolderIcon />;
  if (item.kind === "f") return <FileIcon />;
  return item.kind === "l" ? <LinkIcon /> : <SpecialIcon />;
}

const KIND_WORDS: Partial<Record<Item["kind"], string>> = {
  l: "symbolic link",
  L: "link to a folder",
  p: "pipe",
  s: "socket",
  c: "device",
  b: "device",
};

function titleOf(item: Item): string {
  const size = isFolder(item) ? [] : [`${grouped(item.size)} bytes`];
  const kind = KIND_WORDS[item.kind];
  return [shown(item.name), ...(kind ? [kind] : []), ...size, new Date(item.mtime).toLocaleString()].join("\n");
}

/** The entry on which the mouse went down. */
let pressed: string | null = null;

function clicked(app: App, files: Files, item: Item, path: string, event: MouseEvent): void {
  const { explorer } = files;
  // Between press and release another entry may have come to this place.
  if (pressed !== path) return;
  if (event.shiftKey) return explorer.selection.extend(path);
  if (event.ctrlKey || event.metaKey) return explorer.selection.toggle(path);
  explorer.selection.only(path);
  // The second click of a double click is no click of its own.
  if (event.detail > 1 && !isFolder(item)) return;
  if (isFolder(item)) explorer.toggle(path);
  else void openEntry(app, files, item, { isPassing: true, staysInTree: true });
}

function indent(depth: number): number {
  return 6 + depth * 14;
}

/** Gives the keyboard back to the tree, after what was typed in it. */
export function refocusTree(): void {
  document.querySelector<HTMLElement>(".tree")?.focus({ preventScroll: true });
}
