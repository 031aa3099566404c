/**
 * The tree of files: only the rows that are visible exist.
 *
 * The keyboard stays on the tree itself (`aria-activedescendant`), so that a
 * row that is scrolled away and no longer exists takes no focus along.
 */

import { effect } from "@preact/signals-core";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import type { Explorer } from "../../actions/files/explorer";
import type { Files } from "../../actions/files/files";
import { isItem, itemFrom, pathOf } from "../../model/files/tree";
import { dropTarget } from "./drag";
import { hasFingers } from "./long-press";
import { pressInTree } from "./tree-keys";
import { NamingRowView, NoteRowView, TreeRow } from "./tree-row";

/** The height of a row in CSS pixels: for a mouse, and for a finger. */
const ROW_PX = hasFingers ? 40 : 26;

/** Rows that exist above and below what is visible, so that scrolling finds them drawn. */
const SPARE_ROWS = 16;

/** The window of rows moves in steps of so many, so that not every frame draws. */
const STEP_ROWS = 8;

/** What the tree's menu opens on. */
export interface MenuPlace {
  x: number;
  y: number;
}

interface TreeProps {
  app: App;
  files: Files;
  /** Whether there is room for sizes and times. */
  isWide: boolean;
  openMenu: (place: MenuPlace) => void;
}

/** The rows of the explorer. */
export function Tree({ app, files, isWide, openMenu }: TreeProps) {
  const { explorer } = files;
  const host = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<Range>({ from: 0, to: 60, turn: 0 });
  const rows = explorer.drawn.value;
  const active = explorer.selection.active.value;
  const root = explorer.root.value;

  const look = () => {
    const box = host.current;
    if (!box) return;
    const first = Math.floor(box.scrollTop / ROW_PX / STEP_ROWS) * STEP_ROWS;
    const visible = Math.ceil(box.clientHeight / ROW_PX) + STEP_ROWS;
    const from = Math.max(0, first - SPARE_ROWS);
    const to = from + visible + 2 * SPARE_ROWS;
    setRange((now) => (now.from === from && now.to === to ? now : turned(now, from, to)));
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(look);
    if (host.current) observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  const { scrolled, letGo } = useScroll(explorer, host);
  // Before the next key comes.
  useLayoutEffect(() => effect(() => void (app.files.focusWish.value > 0 && host.current?.focus())), []);

  const from = Math.min(range.from, Math.max(0, rows.length - 1));
  const isActiveDrawn = rows.slice(from, range.to).some((row) => isItem(row) && pathOf(row) === active);
  return (
    <div
      ref={host}
      class="tree"
      role="tree"
      aria-label="Files"
      aria-multiselectable="true"
      aria-activedescendant={isActiveDrawn && active !== null ? rowId(active) : undefined}
      tabIndex={0}
      onScroll={() => {
        look();
        scrolled();
      }}
      onWheel={letGo}
      onPointerDown={letGo}
      onFocus={(event) => startSomewhere(files, event.currentTarget)}
      onKeyDown={(event) => {
        letGo();
        pressInTree(app, files, event, Math.floor((host.current?.clientHeight ?? 0) / ROW_PX), openMenu);
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        if (event.target === host.current) explorer.selection.clear();
        openMenu({ x: event.clientX, y: event.clientY });
      }}
      onClick={(event) => event.target === event.currentTarget && explorer.selection.clear()}
      {...dropTarget(files, root)}
    >
      <div class="tree-sizer" role="presentation" style={{ height: `${rows.length * ROW_PX}px` }}>
        <div
          class="tree-window"
          role="presentation"
          style={{ transform: `translateY(${from * ROW_PX}px)`, "--row": `${ROW_PX}px` }}
        >
          {rows.slice(from, range.to).map((row, index) => {
            const at = from + index;
            const slot = `slot ${(range.turn + index) % (range.to - range.from)}`;
            const place = { at, count: rows.length };
            if (isItem(row)) {
              const shared = { app, files, isWide, openMenu };
              return <TreeRow key={slot} item={row} {...place} {...shared} />;
            }
            if ("naming" in row) return <NamingRowView key="naming" files={files} row={row} />;
            return <NoteRowView key={`note ${row.dir}`} files={files} row={row} {...place} />;
          })}
        </div>
      </div>
    </div>
  );
}

/** Which rows exist. */
interface Range {
  from: number;
  to: number;
  /** Which slot of elements the first row has. */
  turn: number;
}

/**
 * The next range. After a step, a row that leaves at one end gives its elements
 * to one that comes at the other; after a jump all take what is in their place.
 */
function turned(now: Range, from: number, to: number): Range {
  const slots = to - from;
  const moved = from - now.from;
  const isStep = slots === now.to - now.from && Math.abs(moved) < slots;
  return { from, to, turn: isStep ? (now.turn + moved + slots) % slots : 0 };
}

/**
 * Scrolls to where the tree was last, and to what becomes active, as soon as
 * the rows for it are there; `letGo` when a person scrolls before.
 */
function useScroll(explorer: Explorer, host: { current: HTMLElement | null }) {
  const rows = explorer.rows.value;
  const active = explorer.selection.active.value;
  const root = explorer.root.value;
  const wanted = useRef(0);
  const isActiveWanted = useRef(false);
  useLayoutEffect(() => {
    wanted.current = explorer.top();
    if (wanted.current === 0) host.current?.scrollTo(0, 0);
  }, [root]);
  useLayoutEffect(() => {
    isActiveWanted.current = active !== null;
  }, [active, root]);
  useLayoutEffect(() => {
    const box = host.current;
    if (box && wanted.current > 0) {
      box.scrollTop = wanted.current;
      if (box.scrollHeight - box.clientHeight >= wanted.current) wanted.current = 0;
    }
    const index = isActiveWanted.current ? explorer.selection.index() : -1;
    if (index < 0) return;
    isActiveWanted.current = false;
    scrollTo(box, index);
  }, [active, root, rows]);
  return {
    scrolled: () => wanted.current === 0 && host.current && explorer.scrolled(host.current.scrollTop),
    letGo: () => {
      wanted.current = 0;
    },
  };
}

/** The id of an entry's row, for `aria-activedescendant`. */
export function rowId(path: string): string {
  return `row-${encodeURIComponent(path.replace(/[\ud800-\udfff]/g, "_"))}`;
}

/** A tree that gets the keyboard stands on something: what is in view. */
function startSomewhere({ explorer }: Files, box: HTMLElement): void {
  if (explorer.active() !== null) return;
  const rows = explorer.rows.peek();
  const first = rows[itemFrom(rows, Math.ceil(box.scrollTop / ROW_PX), 1)] ?? rows.find(isItem);
  if (isItem(first)) explorer.selection.stand(pathOf(first));
}

function scrollTo(box: HTMLElement | null, index: number): void {
  if (!box || index < 0) return;
  const top = index * ROW_PX;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_PX > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_PX - box.clientHeight;
}
